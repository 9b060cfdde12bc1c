import type { ProgressEvent } from '../../build/progress.ts';
import { formatBytes } from '../sizes.ts';
import { textTable } from '../text-table.ts';
import { cleanLine } from './clean-output.ts';

type Of<T extends ProgressEvent['type']> = Extract<ProgressEvent, { type: T }>;

/** Smaller blobs are there before anybody could read of them, in bytes. */
export const WORTH_SHOWING = 1_000_000;
const DIGEST_DIGITS = 'sha256:'.length + 12;

export function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)}s`;
}

export function shortDigest(digest: string): string {
  return digest.slice(0, DIGEST_DIGITS);
}

/** Bytes a second so far. */
export function rate({ bytes, durationMs }: Pick<Of<'transfer'>, 'bytes' | 'durationMs'>): string {
  return durationMs > 0 ? `${formatBytes(Math.round((bytes / durationMs) * 1000))}/s` : '';
}

/** How a step came out, as buildx says it. */
export function endText({ status, durationMs, detail }: Of<'step-end'>): string {
  if (status === 'hit') return detail === undefined ? 'CACHED' : `CACHED (${detail})`;
  const took = `${(durationMs / 1000).toFixed(2)}s`;
  if (status === 'canceled') return `CANCELED ${took}`;
  return status === 'done' ? `DONE ${took}` : `ERROR ${took}: ${detail ?? ''}`;
}

/** The last line: what the build came to. */
export function totalsText({ result, durationMs, ...counts }: Of<'build-end'>): string {
  const { hits, savedMs, done, failed, received, sent } = counts;
  const parts = [
    ...(hits ? [`${hits} cached (saved ${seconds(savedMs)})`] : []),
    ...(done ? [`${done} done`] : []),
    ...(failed ? [`${failed} failed`] : []),
    ...(received ? [`received ${formatBytes(received)}`] : []),
    ...(sent ? [`sent ${formatBytes(sent)}`] : []),
  ];
  const head = `${result === 'done' ? 'built' : 'failed'} in ${seconds(durationMs)}`;
  return parts.length ? `${head}: ${parts.join(', ')}` : head;
}

/** A line for each target of a bake. */
export function bakeLines({ targets }: Of<'bake-end'>): string[] {
  const rows = targets.map(({ name, status, hits, done, digest, because }) => {
    const counts = hits + done ? `${hits} hit, ${done} run` : '';
    return [name, status, counts, digest ?? because ?? ''].map(cleanLine);
  });
  return textTable(rows).trimEnd().split('\n');
}

/** A message as a line, or several. */
export function messageText({ level, text }: Extract<ProgressEvent, { type: 'message' }>): string {
  const lines = text.split('\n').map(cleanLine).join('\n');
  return level === 'info' ? lines : `${level}: ${lines}`;
}
