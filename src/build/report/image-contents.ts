import { toText } from '../../io/byte-path.ts';
import { chainId } from '../../oci/chain-id.ts';
import type { Digest } from '../../oci/digest.ts';
import { diffTrees } from '../../snapshot/diff-trees.ts';
import type { LayerItem } from '../../snapshot/entry.ts';
import type { RootTree, TreeStore } from '../../snapshot/tree.ts';
import type { Records } from '../cache/records.ts';
import type { BuildRecord, RecordedStep } from '../explain/build-record.ts';
import { type SizedFile, type SizeNode, sizeTree } from './size-tree.ts';

type RecordedImage = NonNullable<BuildRecord['images']>[number];

/** What an image's layers hold, as far as the store knows their trees: no layer is read. */
export interface ImageContents {
  readonly platform: string;
  readonly digest: Digest;
  /** Layers between two trees that the store knows are one. */
  readonly layers: readonly LayerContents[];
  readonly largest: readonly (SizedFile & { readonly layer: number })[];
  /** Files of equal bytes, the most wasteful first. */
  readonly duplicates: readonly { readonly bytes: number; readonly paths: readonly string[]; readonly count: number }[];
  /** Bytes of files that a later layer replaces or removes. */
  readonly hiddenBytes: number;
}

export interface LayerContents {
  /** The instruction that made it; absent for a base image's. */
  readonly title?: string;
  readonly digests: readonly Digest[];
  /** Compressed. */
  readonly bytes: number;
  /** What fills it; absent when the store does not know. */
  readonly sizes?: SizeNode;
  readonly removed: number;
}

const LARGEST = 15;
const DUPLICATES = 10;
const PATHS = 5;
/** Smaller duplicates save nothing. */
const LEAST_DUPLICATE_BYTES = 4096;

interface Known {
  readonly trees: TreeStore;
  readonly records: Pick<Records, 'tree'>;
}

export async function imageContents(image: RecordedImage, build: BuildRecord, known: Known): Promise<ImageContents> {
  const steps = layerSteps(image, build);
  const groups = await layerGroups(image, steps, known);
  const itemLists = await Promise.all(
    groups.map(({ from, to }) => (to ? diffTrees(known.trees, from, to).catch(() => undefined) : undefined)),
  );
  const whole = itemLists.flatMap((items) => items ?? []).reduce((sum, item) => sum + bytesOf(item), 0);
  const files = new Map<
    string,
    { readonly bytes: number; readonly digest: string | undefined; readonly layer: number }
  >();
  let hiddenBytes = 0;
  const hide = (path: string): void => {
    hiddenBytes += files.get(path)?.bytes ?? 0;
    files.delete(path);
  };
  for (const [layer, items] of itemLists.entries()) {
    for (const item of items ?? []) {
      const path = toText(item.path);
      if (item.kind === 'whiteout') for (const below of namesBelow(files, path)) hide(below);
      if (item.kind !== 'entry' || item.entry.type !== 'file') continue;
      hide(path);
      files.set(path, { bytes: item.entry.size, digest: item.entry.digest, layer });
    }
  }
  const byDigest = Map.groupBy(
    [...files].filter(([, { bytes, digest }]) => digest && bytes >= LEAST_DUPLICATE_BYTES),
    ([, { digest }]) => digest,
  );
  return {
    platform: image.platform,
    digest: image.digest,
    layers: groups.map((group, i) => layerContents(group, itemLists[i], whole)),
    largest: [...files]
      .map(([path, { bytes, layer }]) => ({ path, bytes, layer }))
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, LARGEST),
    duplicates: [...byDigest.values()]
      .filter(({ length }) => length > 1)
      .map((same) => ({
        bytes: same[0]![1].bytes,
        count: same.length,
        paths: same.slice(0, PATHS).map(([path]) => path),
      }))
      .sort((a, b) => b.bytes * (b.count - 1) - a.bytes * (a.count - 1))
      .slice(0, DUPLICATES),
    hiddenBytes,
  };
}

interface Group {
  readonly layers: RecordedImage['layers'];
  readonly from: RootTree | undefined;
  readonly to: RootTree | undefined;
  /** The step that made its last layer. */
  readonly step: RecordedStep | undefined;
}

/** The steps that made an image's layers, by the layers' numbers: from the last one down, along what each stands on. */
function layerSteps({ layers, platform }: RecordedImage, { steps }: BuildRecord): Map<number, RecordedStep> {
  const made = new Map<number, RecordedStep>();
  let step = steps.findLast((each) => each.platform === platform && each.result?.layer === layers.at(-1)?.digest);
  for (let i = layers.length - 1; step && step.result?.layer === layers[i]?.digest; i--) {
    made.set(i, step);
    const below: string | undefined = step.parent.step;
    step = steps.find(({ id }) => id === below);
  }
  return made;
}

async function layerGroups(
  { layers }: RecordedImage,
  steps: ReadonlyMap<number, RecordedStep>,
  { records, trees }: Known,
): Promise<Group[]> {
  const groups: Group[] = [];
  let open: RecordedImage['layers'] = [];
  let from: RootTree | undefined;
  for (const [i, layer] of layers.entries()) {
    open = [...open, layer];
    const chain = chainId(layers.slice(0, i + 1).map(({ diffId }) => diffId))!;
    // A step that hit has the tree in its record only.
    const tree = (await records.tree(chain)) ?? steps.get(i)?.result?.tree;
    if (!tree || !(await trees.has(tree.exact))) continue;
    groups.push({ layers: open, from, to: tree, step: steps.get(i) });
    open = [];
    from = tree;
  }
  if (open.length) groups.push({ layers: open, from, to: undefined, step: steps.get(layers.length - 1) });
  return groups;
}

function layerContents({ layers, step }: Group, items: readonly LayerItem[] | undefined, whole: number): LayerContents {
  const files = (items ?? []).flatMap((item) =>
    item.kind === 'entry' && item.entry.type === 'file' ? [{ path: toText(item.path), bytes: item.entry.size }] : [],
  );
  return {
    ...(step ? { title: step.title } : {}),
    digests: layers.map(({ digest }) => digest),
    bytes: layers.reduce((sum, { size }) => sum + size, 0),
    ...(items ? { sizes: sizeTree('/', files, whole) } : {}),
    removed: (items ?? []).filter(({ kind }) => kind === 'whiteout').length,
  };
}

function bytesOf(item: LayerItem): number {
  return item.kind === 'entry' && item.entry.type === 'file' ? item.entry.size : 0;
}

/** A path and, of a directory, all that is in it. */
function namesBelow(files: ReadonlyMap<string, unknown>, path: string): string[] {
  if (files.has(path)) return [path];
  return [...files.keys()].filter((name) => name.startsWith(`${path}/`));
}
