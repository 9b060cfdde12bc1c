import { isDeepStrictEqual } from 'node:util';
import { diffTrees } from '../../snapshot/diff-trees.ts';
import { lookupTree } from '../../snapshot/tree-lookup.ts';
import { walkTree } from '../../snapshot/walk-tree.ts';
import { type FileLine, fileLine } from './file-line.ts';
import { type ReadImage, type ReadServices, readTree } from './read-image.ts';

/** What differs between two images. */
export interface ImageDiff {
  readonly files: readonly FileChange[];
  /** Keys of the config, `Env` and `Labels` name by name. */
  readonly config: readonly ConfigChange[];
}

export interface FileChange {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** What of it differs, of a changed file: kind, mode, owner, content, target, device, xattrs, mtime. */
  readonly fields?: readonly string[];
  readonly before?: FileLine;
  readonly after?: FileLine;
}

export interface ConfigChange {
  readonly key: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/**
 * Compares the filesystems file by file, whatever layers they are in, and the configs. Equal directories are not looked
 * into, and layers that were read before are not read again.
 * @param options.times whether another mtime alone is a difference
 * @throws VarveError as readTree()
 */
export async function diffImages(
  before: ReadImage,
  after: ReadImage,
  options: { readonly times: boolean },
  services: ReadServices,
): Promise<ImageDiff> {
  const { trees } = services;
  const [from, to] = [await readTree(before, services), await readTree(after, services)];
  const files: FileChange[] = [];
  for (const item of await diffTrees(trees, from, to)) {
    const was = (await lookupTree(trees, from, item.path))?.entry;
    const old = was && fileLine({ kind: 'entry', path: item.path, entry: was });
    if (item.kind !== 'entry') {
      if (was?.type !== 'dir') files.push({ path: `${fileLine(item).path}`, change: 'removed', before: old! });
      else
        for await (const { path, entry } of walkTree(trees, from, item.path)) {
          const line = fileLine({ kind: 'entry', path, entry });
          files.push({ path: line.path, change: 'removed', before: line });
        }
      continue;
    }
    const now = fileLine(item);
    if (!old) {
      files.push({ path: now.path, change: 'added', after: now });
      continue;
    }
    const fields = changedFields(old, now, options.times);
    if (fields.length) files.push({ path: now.path, change: 'changed', fields, before: old, after: now });
  }
  return { files, config: diffConfigs(before, after) };
}

const FIELDS: readonly (readonly [keyof FileLine, string])[] = [
  ['kind', 'kind'],
  ['mode', 'mode'],
  ['owner', 'owner'],
  ['digest', 'content'],
  ['target', 'target'],
  ['device', 'device'],
  ['xattrs', 'xattrs'],
  ['mtime', 'mtime'],
];

function changedFields(before: FileLine, after: FileLine, times: boolean): string[] {
  return FIELDS.filter(([key]) => (times || key !== 'mtime') && !isDeepStrictEqual(before[key], after[key])).map(
    ([, name]) => name,
  );
}

function diffConfigs(before: ReadImage, after: ReadImage): ConfigChange[] {
  const [old, now] = [flatten(before), flatten(after)];
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((key) => {
    const [a, b] = [old.get(key), now.get(key)];
    if (isDeepStrictEqual(a, b)) return [];
    return [{ key, ...(a === undefined ? {} : { before: a }), ...(b === undefined ? {} : { after: b }) }];
  });
}

function flatten({ config }: ReadImage): Map<string, unknown> {
  const { Env, Labels, ...rest } = config.config ?? {};
  const rows = new Map<string, unknown>(
    Object.entries(rest).filter(([, value]) => value !== undefined && value !== null),
  );
  for (const key of ['os', 'architecture', 'variant', 'os.version', 'author'] as const)
    if (config[key] !== undefined) rows.set(key, config[key]);
  for (const entry of Env ?? []) {
    const equals = entry.indexOf('=');
    rows.set(`Env.${entry.slice(0, equals)}`, entry.slice(equals + 1));
  }
  for (const [name, value] of Object.entries(Labels ?? {})) rows.set(`Labels.${name}`, value);
  return rows;
}
