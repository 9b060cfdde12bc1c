import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { VarveError } from '../errors.ts';
import { createFile } from '../io/atomic-file.ts';
import type { Clock } from '../io/clock.ts';
import type { Log } from '../io/log.ts';
import { digestHex, parseDigest } from '../oci/digest.ts';
import { createEngineCatalog } from './engine-catalog.ts';
import { LAYOUT } from './format.ts';
import { createFsBlobStore } from './fs-blob-store.ts';
import { createHolds } from './holds.ts';
import { type KernelCalls, loadKernelCalls } from './kernel-calls.ts';
import { openSharedEngine } from './shared-engine.ts';
import type { Store } from './store.ts';
import { openTempDirectories } from './temp-directories.ts';
import { recordUses } from './uses.ts';

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md */
const OCI_LAYOUT = '{"imageLayoutVersion":"1.0.0"}';
const EMPTY_INDEX = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';

/**
 * Opens the store below `root`, making what is absent. Any number of processes may have it open. What dead processes
 * left in `tmp` is removed meanwhile; close() waits for that.
 * @throws VarveError `STORE_OPEN` when the directory cannot be made or written, `STORE_LOCK` when it has no file locks
 */
export async function openStore(root: string, deps: { log: Log; clock: Clock }): Promise<Store> {
  const { log, clock } = deps;
  const kernel = loadKernelCalls();
  const { path, temps } = await prepare(root, { log, kernel }).catch((error: unknown) => {
    if (error instanceof VarveError) throw error;
    throw new VarveError('STORE_OPEN', `the store at ${root} cannot be opened: ${(error as Error).message}`, {
      cause: error,
      hint: 'choose another directory with VARVE_STORE',
    });
  });
  const cleaning = temps.clean().catch((error: Error) => log.debug(`tmp is not cleaned: ${error.message}`));
  const holds = createHolds({ store: path, place: temps.own, kernel, clock });
  await holds.ready();
  const engine = await openSharedEngine({ directory: path, log, clock, kernel }).catch(async (error: unknown) => {
    await temps.close();
    throw error;
  });
  const catalog = createEngineCatalog(engine);

  return {
    path,
    blobs: createFsBlobStore({
      directory: join(path, 'blobs', 'sha256'),
      newTemp: temps.newFile,
      hold: (digest) => holds.hold('blob', digestHex(digest)),
    }),
    catalog,
    layerPath(diffId) {
      const name = digestHex(parseDigest(diffId));
      holds.hold('layer', name);
      return join(path, 'layers', name);
    },
    mountPath(id) {
      holds.hold('mount', id);
      return join(path, 'mounts', id);
    },
    hold: holds.hold,
    living: temps.living,
    makeTemp: temps.make,
    makeMemoryTemp: temps.makeInMemory,
    async close() {
      await cleaning;
      await recordUses(catalog, holds.held()).catch((error: Error) =>
        log.debug(`last uses are not noted: ${error.message}`),
      );
      holds.close();
      await catalog.close();
      await temps.close();
    },
  };
}

/** Makes what is absent of the layout, and takes this process's place in `tmp`. */
async function prepare(root: string, deps: { log: Log; kernel: KernelCalls }) {
  mkdirSync(root, { recursive: true });
  const path = join(realpathSync(root), LAYOUT);
  // Layers hold other systems' setuid programs: nobody but their owner comes near them.
  mkdirSync(path, { recursive: true, mode: 0o700 });
  for (const name of ['blobs/sha256', 'layers', 'mounts', 'tmp']) mkdirSync(join(path, name), { recursive: true });
  const files = [
    ['oci-layout', OCI_LAYOUT],
    ['index.json', EMPTY_INDEX],
  ] as const;
  const temps = openTempDirectories(join(path, 'tmp'), deps);
  await Promise.all(
    files.map(([name, text]) => existsSync(join(path, name)) || createFile(join(path, name), text, temps.newFile())),
  );
  return { path, temps };
}
