import { join } from 'node:path';
import { SPACES, type Space } from '../../cas/catalog.ts';
import { readHolds } from '../../cas/holds.ts';
import { listObjects, type StoredObject, usage } from '../../cas/inventory.ts';
import { readUses } from '../../cas/uses.ts';
import { digestHex } from '../../oci/digest.ts';
import { pulledBases, type References, readReferences } from './store-references.ts';
import type { StoreServices } from './store-services.ts';

/** A stored object, and what is known of its use. */
export interface UsedObject extends StoredObject {
  /** ms since 1970: when a build used it last, or else when it was made. */
  readonly lastUsed: number;
  /** Whether a process that lives holds it. */
  readonly held: boolean;
  /** Whether an image that is kept under a name needs it. */
  readonly named: boolean;
  /** Whether a record, an image or (a cache mount, a git repository) its being there gives a reason to keep it. */
  readonly referenced: boolean;
}

/** Everything that takes room of its own, with all that decides whether it is collected. */
export async function readObjects(
  services: StoreServices,
): Promise<{ readonly objects: readonly UsedObject[]; readonly references: References }> {
  const { store, records } = services;
  const uses = await readUses(store.catalog);
  const references = await readReferences(store.path, { records, bases: pulledBases(uses) });
  const held = readHolds(store.living());
  const found: StoredObject[] = [];
  for await (const object of listObjects(store.path)) found.push(object);
  const blobs = new Set(found.flatMap(({ kind, name }) => (kind === 'blob' ? [name] : [])));
  const objects = found.map((object): UsedObject => {
    const key = `${object.kind}/${object.name}`;
    return {
      ...object,
      lastUsed: uses.get(key) ?? object.changed,
      held: held.has(key),
      named: object.kind === 'blob' && (references.blobs.get(object.name)?.named ?? false),
      referenced: isReferenced(object, references, blobs),
    };
  });
  return { objects, references };
}

function isReferenced({ kind, name }: StoredObject, references: References, blobs: ReadonlySet<string>): boolean {
  if (kind === 'mount' || kind === 'git') return true;
  if (kind === 'blob') return references.blobs.has(name);
  // Without its blob a layer cannot be pushed, so no step's result is found by it.
  return (references.layers.get(name) ?? []).some(({ descriptor }) => blobs.has(digestHex(descriptor.digest)));
}

/** What one kind of thing takes. */
export interface KindUsage {
  readonly count: number;
  readonly bytes: number;
  /** Bytes that prune may take away now: nothing that a running build holds or an image kept by name needs. */
  readonly reclaimable: number;
}

export interface StoreUsage {
  readonly blobs: KindUsage;
  readonly layers: KindUsage;
  readonly mounts: KindUsage;
  /** Bare repositories of git sources. */
  readonly git: KindUsage;
  /** Rows; bytes of LevelDB's files, of which prune takes none at once. */
  readonly catalog: KindUsage;
  /** Places of processes in `tmp`; those of dead ones are removed by whoever opens the store. */
  readonly temp: KindUsage;
  /** Rows and their bytes (not compressed) in each key space. */
  readonly spaces: Readonly<Record<Space, { readonly rows: number; readonly bytes: number }>>;
}

/** What the store holds, by kind. */
export async function storeUsage(services: StoreServices): Promise<StoreUsage> {
  const { store } = services;
  const { objects } = await readObjects(services);
  const kind = (wanted: StoredObject['kind']): KindUsage => {
    const some = objects.filter((object) => object.kind === wanted);
    const sum = (list: readonly UsedObject[]): number => list.reduce((total, { bytes }) => total + bytes, 0);
    return {
      count: some.length,
      bytes: sum(some),
      reclaimable: sum(some.filter(({ held, named }) => !held && !named)),
    };
  };
  const spaces = await catalogSpaces(services);
  const broken = (await usage(join(store.path, 'catalog.broken'))).bytes;
  return {
    blobs: kind('blob'),
    layers: kind('layer'),
    mounts: kind('mount'),
    git: kind('git'),
    catalog: {
      count: Object.values(spaces).reduce((total, { rows }) => total + rows, 0),
      bytes: (await usage(join(store.path, 'catalog'))).bytes + broken,
      reclaimable: broken,
    },
    temp: { count: store.living().length, bytes: (await usage(join(store.path, 'tmp'))).bytes, reclaimable: 0 },
    spaces,
  };
}

async function catalogSpaces({ store }: StoreServices): Promise<StoreUsage['spaces']> {
  const sums = new Map<Space, { rows: number; bytes: number }>();
  for (const space of SPACES) {
    const sum = { rows: 0, bytes: 0 };
    sums.set(space, sum);
    for await (const [key, value] of store.catalog.rows(space)) {
      sum.rows++;
      sum.bytes += space.length + 1 + key.length + value.length;
    }
  }
  return Object.fromEntries(sums) as StoreUsage['spaces'];
}
