import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { takeAway } from '../../cas/collect.ts';
import { readUses } from '../../cas/uses.ts';
import { dropBlob, verifyBlobs } from '../../cas/verify-blobs.ts';
import { VarveError } from '../../errors.ts';
import { unpackLayer } from '../../layer/unpack-layer.ts';
import { verifyUnpacked } from '../../layer/verify-unpacked.ts';
import { digestHex } from '../../oci/digest.ts';
import { lookupTree } from '../../snapshot/tree-lookup.ts';
import { dropLocalImage, forgetNames } from '../images/local-images.ts';
import { NAMES_FILE, NO_NAMES, readNames } from '../images/read-names.ts';
import type { Damage, Verification } from './store-damage.ts';
import { type LayerOrigin, pulledBases, type References, readReferences } from './store-references.ts';
import { maintain, type StoreServices } from './store-services.ts';
import { verifyCatalog } from './verify-catalog.ts';

export interface VerifyReport {
  readonly damages: readonly Damage[];
  /** How many of each kind were looked at. */
  readonly checked: Readonly<Record<Damage['kind'], number>>;
  /** Unpacked layers that nothing refers to: there is nothing to compare them with. */
  readonly unknownLayers: number;
}

/** Of one unpacked layer; the rest is counted. */
const PROBLEMS_SHOWN = 5;

/**
 * Compares everything in the store with its name or its origin. Builds may run meanwhile. With `repair`, what is damaged
 * is dropped, so that the next build makes or pulls it again.
 */
export function verifyStore(services: StoreServices, options: { readonly repair: boolean }): Promise<VerifyReport> {
  return maintain(services, async () => {
    const damages: Damage[] = [];
    const checked = { blob: 0, image: 0, layer: 0, tree: 0, chain: 0, history: 0, record: 0, frame: 0 };
    const report = async (damage: Omit<Damage, 'repaired'>, drop: () => Promise<unknown>): Promise<void> => {
      const repaired = options.repair ? { repaired: (await drop()) !== false } : {};
      damages.push({ ...damage, ...repaired });
    };
    const { store, records, signal } = services;
    for await (const { name, problem } of verifyBlobs(store.path, signal)) {
      checked.blob++;
      if (problem !== undefined) await report({ kind: 'blob', name, problem }, () => dropBlob(store.path, name));
    }
    const names = await readNames(store.path).catch(async (error: unknown) => {
      if (!(error instanceof VarveError)) throw error;
      await report({ kind: 'image', name: NAMES_FILE, problem: error.message }, () => forgetNames(store));
      return NO_NAMES;
    });
    const bases = pulledBases(await readUses(store.catalog));
    const references = await readReferences(store.path, { records, bases, names });
    for (const image of references.images) {
      const { name } = image;
      if (name === undefined) continue; // A base that is not whole is pulled again.
      checked.image++;
      const missing = image.blobs.find((digest) => !existsSync(join(store.path, 'blobs', 'sha256', digestHex(digest))));
      const problem = image.problem ?? (missing === undefined ? undefined : `its blob ${missing} is missing`);
      if (problem !== undefined)
        await report({ kind: 'image', name, problem }, () => dropLocalImage(store, image.manifest));
    }
    await verifyCatalog(services, { checked, report });
    const unknownLayers = await verifyLayers(services, references, { checked, report });
    return { damages, checked, unknownLayers };
  });
}

/** @returns how many are not known to anyone */
async function verifyLayers(services: StoreServices, known: References, to: Verification): Promise<number> {
  const { store, signal } = services;
  const directory = join(store.path, 'layers');
  let unknown = 0;
  for (const name of readdirSync(directory).sort()) {
    signal.throwIfAborted();
    const blob = ({ descriptor }: LayerOrigin) => join(store.path, 'blobs', 'sha256', digestHex(descriptor.digest));
    const origin = known.layers.get(name)?.find((candidate) => existsSync(blob(candidate)));
    const path = join(directory, name);
    if (!origin) {
      unknown++;
      continue;
    }
    to.checked.layer++;
    const problems = await layerProblems(path, origin, services);
    if (problems.length === 0 || !existsSync(path)) continue;
    await to.report({ kind: 'layer', name, problem: problems.join('; ') }, async () => {
      const taken = await takeAway([{ kind: 'layer', name, path }], services);
      return taken.length > 0;
    });
  }
  return unknown;
}

async function layerProblems(
  directory: string,
  { descriptor, diffId, tree }: LayerOrigin,
  services: StoreServices,
): Promise<string[]> {
  const { store, libc, pool, xattrs, trees, signal } = services;
  const shown: string[] = [];
  let count = 0;
  try {
    const { items } = await unpackLayer({
      source: join(store.path, 'blobs', 'sha256', digestHex(descriptor.digest)),
      mediaType: descriptor.mediaType,
      expected: { digest: descriptor.digest, size: descriptor.size, diffId },
      whiteouts: xattrs,
      pool,
      libc,
      signal,
    });
    const snapshot = async (path: string) => {
      if (tree === undefined) return undefined;
      const root = { exact: tree, content: tree }; // looked up by the exact digest
      return (await lookupTree(trees, root, path).catch(() => undefined))?.entry;
    };
    for await (const problem of verifyUnpacked({ directory, items, snapshot, libc, xattrs, signal }))
      if (++count <= PROBLEMS_SHOWN) shown.push(problem);
  } catch (error) {
    signal.throwIfAborted();
    shown.push(`cannot be compared: ${(error as Error).message}`);
  }
  if (count > PROBLEMS_SHOWN) shown.push(`and ${count - PROBLEMS_SHOWN} more`);
  return shown;
}
