import fc from 'fast-check';
import { digestOf } from '../../../src/oci/digest.ts';
import type { Entry, LayerItem, Xattr } from '../../../src/snapshot/entry.ts';

/** Any name bytes but slash and NUL; few enough that collisions happen. */
const name = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('a', 'b', 'c', 'a-b', 'é', '\xff\xfe') },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ minLength: 1, maxLength: 5 })
      .map((bytes) => Buffer.from(bytes).toString('latin1').replace(/[/\0]/g, '_'))
      .filter((text) => text !== '.' && text !== '..'),
  },
);

export const arbitraryPath: fc.Arbitrary<string> = fc
  .array(name, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));

const xattrs = fc
  .uniqueArray(fc.constantFrom('user.a', 'user.b', 'security.capability'), { maxLength: 2 })
  .chain((names) =>
    fc.tuple(...names.sort().map((one) => fc.uint8Array({ maxLength: 4 }).map((v): Xattr => [one, Buffer.from(v)]))),
  );

const common = fc.record({
  mode: fc.oneof(fc.constantFrom(0o755, 0o4711), fc.integer({ min: 0, max: 0o7777 })),
  uid: fc.constantFrom(0, 1000, 2 ** 32 - 2),
  gid: fc.constantFrom(0, 5, 2 ** 32 - 2),
  mtime: fc.oneof(fc.constantFrom(0n, 1n, -1n), fc.bigInt(-(2n ** 70n), 2n ** 70n)),
  xattrs: fc.option(xattrs, { nil: undefined, freq: 4 }),
});

/** Any entry that a tree can have, hard links aside. */
export const arbitraryEntry: fc.Arbitrary<Entry> = fc
  .tuple(
    common,
    fc.oneof(
      { weight: 3, arbitrary: fc.constant({ type: 'dir', size: 0 } as const) },
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.constantFrom(0, 1, 2 ** 32 + 7, Number.MAX_SAFE_INTEGER), fc.constantFrom('x', 'y'))
          .map(([size, content]) => ({ type: 'file', size, digest: digestOf(content) }) as const),
      },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom('a', '/b', '../\xff')
          .map((target) => ({ type: 'symlink', size: 0, target }) as const),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom('char', 'block'), fc.nat(4095), fc.nat(2 ** 20 - 1))
          .map(([type, major, minor]) => ({ type, size: 0, device: [major, minor] }) as const),
      },
      { weight: 1, arbitrary: fc.constant({ type: 'fifo', size: 0 } as const) },
    ),
  )
  .map(([{ xattrs: found, ...base }, kind]) => ({
    ...base,
    ...kind,
    ...(found && found.length > 0 ? { xattrs: found } : {}),
  }));

/** A change of a tree: what tree-edit does. */
export type Edit = { readonly path: string; readonly entry: Entry | undefined };

export const arbitraryEdits: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({ path: arbitraryPath, entry: fc.option(arbitraryEntry, { nil: undefined, freq: 4 }) }),
  { maxLength: 30 },
);

/** A tree as a Map, changed by the rules in words: the model that trees are held against. */
export function editModel(model: Map<string, Entry>, { path, entry }: Edit): boolean {
  const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  if (entry && parent !== '' && model.get(parent)?.type !== 'dir') return false;
  if (entry?.type !== 'dir' || model.get(path)?.type !== 'dir')
    for (const key of [...model.keys()]) if (key === path || key.startsWith(`${path}/`)) model.delete(key);
  if (entry) model.set(path, entry);
  return true;
}

export function itemsOf(model: ReadonlyMap<string, Entry>): LayerItem[] {
  return [...model].map(([path, entry]) => ({ kind: 'entry', path, entry }));
}
