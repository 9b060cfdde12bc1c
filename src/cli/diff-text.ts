import type { FileChange, ImageDiff } from '../build/images/diff-images.ts';
import type { FileLine } from '../build/images/file-line.ts';
import { printable } from './printable.ts';

const SIGNS = { added: 'A', removed: 'D', changed: 'C' } as const;

/** The difference for people, as `docker diff` marks it; nothing when there is none. */
export function diffText({ files, config }: ImageDiff): string {
  const lines = files.map((change) => `${SIGNS[change.change]} ${change.path}${details(change)}`);
  const keys = config.map(({ key, before, after }) => `config ${key}: ${shown(before)} -> ${shown(after)}`);
  return [...lines, ...keys].map((line) => `${printable(line)}\n`).join('');
}

function details({ fields, before, after }: FileChange): string {
  if (!fields || !before || !after) return '';
  const parts = fields.map((field) => {
    if (field === 'content') return `content ${before.size ?? 0} -> ${after.size ?? 0} bytes`;
    const key = field as keyof FileLine;
    return `${field} ${shown(before[key])} -> ${shown(after[key])}`;
  });
  return ` (${parts.join(', ')})`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
