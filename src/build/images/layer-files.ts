import { chmodSync, existsSync, lchownSync, lstatSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../cas/store.ts';
import { VarveError } from '../../errors.ts';
import { type BytePath, fromText, joinBytes, toFsPath, toText } from '../../io/byte-path.ts';
import { createLimiter } from '../../io/limiter.ts';
import { releasedChunks } from '../../io/release-buffer.ts';
import type { UnpackedLayer, UnpackJob } from '../../layer/unpack-stream.ts';
import { chainId } from '../../oci/chain-id.ts';
import { type Digest, digestOf } from '../../oci/digest.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import { applyLayer } from '../../snapshot/apply-layer.ts';
import { editTree } from '../../snapshot/edit-tree.ts';
import type { ContentSource, Entry } from '../../snapshot/entry.ts';
import type { FileSource } from '../../snapshot/file-source.ts';
import type { RootTree, TreeStore } from '../../snapshot/tree.ts';
import { treeSource } from '../../snapshot/tree-source.ts';
import type { Records } from '../cache/records.ts';
import type { RemoteTrees } from '../cache/remote-trees.ts';
import { diffIds, type LayerRef } from './layer-ref.ts';
import { asLostLayer } from './lost-layer.ts';

/** How many layers are pulled at once; docker's and containerd's default is 3. */
const PULLS_AT_ONCE = 4;

/** Layers made real, only as far as somebody needs them: in the store, as a tree, unpacked on disk. */
export interface LayerFiles {
  /** Makes a layer's blob be in the store. */
  pull(layer: LayerRef): Promise<void>;
  /** Unpacks what is not unpacked yet; the directories, topmost first, as an overlay wants them. */
  lower(layers: readonly LayerRef[]): Promise<string[]>;
  /** The content digest of the tree that the layers add up to, when it is known without reading a layer. */
  knownContent(layers: readonly LayerRef[]): Promise<Digest | undefined>;
  /** The tree that the layers add up to. */
  tree(layers: readonly LayerRef[]): Promise<RootTree>;
  /** The snapshot's files; contents are found in unpacked layers. */
  source(layers: readonly LayerRef[], tree: RootTree): FileSource;
  /** Takes over a directory that already holds what unpacking the layer would give. */
  adopt(diffId: Digest, directory: string): void;
  /** The store lost something that it had: what was found there is looked for again, and trees are read from layers. */
  doubt(): void;
}

export interface LayerFilesDeps {
  readonly store: Store;
  readonly registry: RegistryClient;
  readonly trees: TreeStore;
  readonly records: Records;
  /** Trees of layers that are not read. */
  readonly remote: RemoteTrees;
  readonly unpack: (
    job: UnpackJob & { readonly source: string; readonly signal: AbortSignal },
  ) => Promise<UnpackedLayer>;
  /** Which namespace overlayfs keeps its xattrs in; `none` where the store can hold no marks of an overlay. */
  readonly xattrs: 'trusted' | 'user' | 'none';
  readonly signal: AbortSignal;
}

export function createLayerFiles(deps: LayerFilesDeps): LayerFiles {
  const { store, trees, records } = deps;
  const pulls = createLimiter(PULLS_AT_ONCE);
  const pulling = new Map<Digest, Promise<void>>();
  /** What a layer says, between being read and being applied to a tree. */
  const reading = new Map<Digest, Promise<UnpackedLayer>>();
  const unpacking = new Map<Digest, Promise<string>>();
  const treeing = new Map<string, Promise<RootTree>>();
  let doubted = false;

  const pull = (layer: LayerRef): Promise<void> =>
    once(pulling, layer.descriptor.digest, () => pulls.run(() => pullLayer(deps, layer)).catch(lost(layer)));

  const lost = (layer: LayerRef) => (error: unknown) => {
    throw asLostLayer(error, layer);
  };

  // Without marks it is no lower directory of an overlay, now or when the store has moved: it has another name.
  const placeOf = (digest: Digest): string =>
    store.layerPath(deps.xattrs === 'none' ? digestOf(`unmarked ${digest}`) : digest);

  const read = async (layer: LayerRef, dest?: string): Promise<UnpackedLayer> => {
    await pull(layer);
    const unpacked = deps.unpack({
      source: store.blobs.path(layer.descriptor.digest),
      mediaType: layer.descriptor.mediaType,
      expected: { digest: layer.descriptor.digest, size: layer.descriptor.size, diffId: layer.diffId },
      whiteouts: deps.xattrs,
      signal: deps.signal,
      ...(dest === undefined ? {} : { dest }),
    });
    return unpacked.catch(lost(layer));
  };

  /**
   * The directory of the topmost of `layers`. A layer that leaves out parents of its entries looks different on
   * different layers below: it lies under its chainID, with those parents' metadata from below.
   */
  const unpacked = (layers: readonly LayerRef[]): Promise<string> => {
    const layer = layers.at(-1)!;
    const chain = chainId(diffIds(layers))!;
    return once(unpacking, chain, async () => {
      const [plain, chained] = [placeOf(layer.diffId), placeOf(chain)];
      if (existsSync(plain)) return plain;
      if (existsSync(chained)) return chained;
      const temp = store.makeTemp('unpack');
      const pending = temp.then(({ path }) => {
        const dest = join(path, 'fs');
        mkdirSync(dest);
        return read(layer, dest);
      });
      // Before anything is awaited: whoever asks for the tree meanwhile takes it from this pass over the layer.
      if (!reading.has(layer.diffId)) share(layer, pending);
      try {
        const { implicitDirs } = await pending;
        const dest = join((await temp).path, 'fs');
        const isPlain = implicitDirs.length === 0 || layers.length === 1;
        if (!isPlain) await fillImplicit(layers, implicitDirs, dest);
        moveInto(dest, isPlain ? plain : chained);
        return isPlain ? plain : chained;
      } finally {
        await (await temp).remove();
      }
    });
  };

  const share = ({ diffId }: LayerRef, pending: Promise<UnpackedLayer>): void => {
    reading.set(diffId, pending);
    pending.catch(() => reading.get(diffId) === pending && reading.delete(diffId));
  };

  /** The tree is known: nobody will ask what its layers say. */
  const forget = (layers: readonly LayerRef[]): void => {
    for (const { diffId } of layers) reading.delete(diffId);
  };

  const fillImplicit = async (
    layers: readonly LayerRef[],
    paths: readonly BytePath[],
    directory: string,
  ): Promise<void> => {
    const merged = treeSource(trees, await tree(layers), () =>
      Promise.reject(new Error('directories have no content')),
    );
    for (const path of paths) {
      const entry = await merged.lookup(path);
      if (entry?.type === 'dir') setDirectory(joinBytes(fromText(directory), path), entry);
    }
  };

  const knownTree = async (layers: readonly LayerRef[]): Promise<RootTree | undefined> => {
    const chain = chainId(diffIds(layers));
    if (!chain) return editTree(trees, undefined).commit();
    const known = doubted ? undefined : await records.tree(chain);
    return known && (await trees.has(known.exact)) ? known : undefined;
  };

  const tree = (layers: readonly LayerRef[]): Promise<RootTree> =>
    once(treeing, chainId(diffIds(layers)) ?? 'empty', async () => {
      const known = await knownTree(layers);
      if (known) {
        forget(layers);
        return known;
      }
      const top = layers.at(-1)!;
      const chain = chainId(diffIds(layers))!;
      const isRead = reading.has(top.diffId);
      const changed = isRead ? undefined : await deps.remote.tree(layers, tree);
      if (changed) {
        await records.putTree(chain, changed);
        forget(layers);
        return changed;
      }
      const below = layers.slice(0, -1);
      const pending = reading.get(top.diffId) ?? read(top);
      pending.catch(() => {}); // awaited below, after the layers under it
      const parent = below.length ? await tree(below) : undefined;
      const { items } = await pending;
      const root = await applyLayer(trees, parent, items);
      reading.delete(top.diffId);
      await records.putTree(chain, root);
      return root;
    });

  const lower = async (layers: readonly LayerRef[]): Promise<string[]> => {
    const paths = await Promise.all(layers.map((_, i) => unpacked(layers.slice(0, i + 1))));
    // The same layer twice: what the lower one gives, the upper one gives too; overlayfs refuses it (ELOOP).
    return [...new Set(paths.reverse())];
  };

  const content = async (layers: readonly LayerRef[], path: BytePath, entry: Entry): Promise<ContentSource> => {
    for (let top = layers.length; top > 0; top--) {
      const candidate = joinBytes(fromText(await unpacked(layers.slice(0, top))), path);
      forget(layers);
      if (lstatSync(toFsPath(candidate), { throwIfNoEntry: false })?.isFile()) return { path: candidate };
    }
    throw new VarveError(
      'STORE_INCONSISTENT',
      `no layer has /${toText(path)} (${entry.size} bytes), though the snapshot does`,
      {
        hint: 'the store was changed from outside: varve store verify --repair drops what is damaged',
      },
    );
  };

  return {
    pull,
    lower,
    knownContent: async (layers) => (await knownTree(layers))?.content ?? deps.remote.content(layers),
    tree,
    source: (layers, root) => ({
      ...treeSource(trees, root, (path, entry) => content(layers, path, entry)),
      digest: root.content,
      onDisk: () => lower(layers),
    }),
    adopt(diffId, directory) {
      const path = store.layerPath(diffId);
      if (!existsSync(path)) moveInto(directory, path);
    },
    doubt() {
      doubted = true;
      for (const memo of [pulling, reading, unpacking, treeing]) memo.clear();
    },
  };
}

async function pullLayer({ store, registry, signal }: LayerFilesDeps, layer: LayerRef): Promise<void> {
  const { descriptor, origin } = layer;
  if (await store.blobs.has(descriptor.digest)) return;
  if (!origin) {
    throw new VarveError(
      'BLOB_MISSING',
      `the store has lost layer ${descriptor.digest}, and no registry is known to have it`,
      {
        hint: 'build again with --no-cache',
      },
    );
  }
  await store.blobs.put(releasedChunks(await registry.blob(origin, descriptor, signal)), descriptor);
}

/** Another process may have put the same layer there meanwhile: then theirs stays. */
function moveInto(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' && code !== 'ENOTEMPTY') throw error;
  }
}

function setDirectory(path: BytePath, entry: Entry): void {
  lchownSync(toFsPath(path), entry.uid, entry.gid);
  chmodSync(toFsPath(path), entry.mode);
}

/** One promise for all who ask for the same thing; a failure may be tried again. */
function once<K, T>(memo: Map<K, Promise<T>>, key: K, start: () => Promise<T>): Promise<T> {
  const known = memo.get(key);
  if (known) return known;
  const promise = start();
  memo.set(key, promise);
  promise.catch(() => memo.delete(key));
  return promise;
}
