import type { HistoryLine } from '../../instructions/stage-state.ts';
import { assembleLayer } from '../../layer/assemble-layer.ts';
import { chainId } from '../../oci/chain-id.ts';
import { diffTrees } from '../../snapshot/diff-trees.ts';
import { withParents } from '../../snapshot/with-parents.ts';
import type { Services } from '../services.ts';
import { diffIds, type LayerRef } from './layer-ref.ts';

/**
 * One layer instead of all that an image adds to its base, kept in the store: what was made and removed again is not in it.
 * @param base the base's layers, with which `layers` begin
 */
export async function squashLayers(
  base: readonly LayerRef[],
  layers: readonly LayerRef[],
  services: Services,
): Promise<readonly LayerRef[]> {
  if (layers.length - base.length < 2) return layers;
  const { files, trees, store, frames, compression, records, signal } = services;
  const [before, after] = [await files.tree(base), await files.tree(layers)];
  const source = files.source(layers, after);
  const items = await withParents(source, await diffTrees(trees, before, after));
  const { descriptor, diffId } = await assembleLayer(items, {
    ...compression,
    blobs: store.blobs,
    cache: frames,
    signal,
    content: (path, entry) => source.content(path, entry),
  });
  await records.putTree(chainId([...diffIds(base), diffId])!, after);
  const created = layers.at(-1)!.created;
  return [...base, { descriptor, diffId, ...(created === undefined ? {} : { created }) }];
}

/** The history that goes with it: the last instruction that had a layer has all of them. */
export function squashedHistory(history: readonly HistoryLine[]): HistoryLine[] {
  const last = history.findLastIndex(({ layer }) => layer);
  return history.map((line, i) => ({ ...line, layer: i === last }));
}
