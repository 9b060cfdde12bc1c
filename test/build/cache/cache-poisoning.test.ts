import test from 'ava';
import type { CacheOptions } from '../../../src/build/cache/cache-options.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { createRecordSigner } from '../../../src/registry/record-signer.ts';
import type { BuildOptions, Built } from '../support/build-bench.ts';
import { type CacheBench, cacheBench } from '../support/cache-bench.ts';
import { seededRandom } from '../support/random.ts';

const STEPS = 8;
/** Builds whose manifests are damaged, each elsewhere. */
const ROUNDS = 3;
const SIGNER = createRecordSigner(Buffer.from('a secret of some length'));
const MODES = { unsigned: undefined, signed: SIGNER } as const;

const FIELDS = [
  ...['changes.digest', 'changes.mediaType', 'changes.size', 'created', 'diffId', 'durationMs', 'format'],
  ...['keys.0', 'keys.1', 'keys.2', 'kind', 'layer.digest', 'layer.mediaType', 'layer.size', 'parent', 'platform'],
  ...['tree.content', 'tree.exact'],
];

type Json = string | number | Json[] | { [key: string]: Json };
interface Manifest {
  layers: Json[];
  annotations: Record<string, string>;
}

const layersOf = ({ image }: Built) => image.layers.map(({ descriptor, diffId }) => ({ ...descriptor, diffId }));
const count = ({ steps }: Built, wanted: string) => steps.filter(({ status }) => status === wanted).length;

/** The bytes of every file of the image, which needs every layer. */
const readAll: NonNullable<BuildOptions['inspect']> = async (image, { files }) => {
  await files.lower(image.layers);
};

/** A repository with the records of a build on a base image, and a build on a fresh store that only reads them. */
async function prepared(bench: CacheBench, signer: CacheOptions['signer']) {
  const files = Object.fromEntries(Array.from({ length: STEPS }, (_, i) => [`f${i}`, `content ${i}`]));
  const context = bench.directory('context', files);
  const dockerfile = `FROM ${bench.base}\n${Object.keys(files)
    .map((file) => `COPY ${file} /d/${file}\n`)
    .join('')}`;
  const signed = signer ? { signer } : {};
  const clean = await bench.cached(dockerfile, context, { store: 'clean', cache: bench.options(signed) });
  let stores = 0;
  const build = (more: BuildOptions = {}) =>
    bench.cached(dockerfile, context, {
      store: `store ${stores++}`,
      cache: { from: [bench.place], ...signed },
      inspect: readAll,
      ...more,
    });
  return { clean, build };
}

/** A byte changed; `at` from 0 to below 1 says which. */
function flipped(body: Buffer, at: number, bit: number): Buffer {
  const damaged = Buffer.from(body);
  const index = Math.floor(at * body.length);
  damaged[index] = damaged[index]! ^ (1 << bit);
  return damaged;
}

for (const [mode, signer] of Object.entries(MODES)) {
  test(`${mode}: bytes of manifests and blobs, and every field of a record, are others, and nothing of it is in the image`, async (t) => {
    const bench = await cacheBench(t);
    const { proxy } = bench;
    const { clean, build } = await prepared(bench, signer);

    for (let round = 0; round < ROUNDS; round++) {
      const random = seededRandom(round);
      let damaged = 0;
      proxy.change = (path, body) => {
        if (!path.startsWith('/v2/cache/manifests/')) return body;
        damaged++;
        return flipped(body, random(), Math.floor(random() * 8));
      };
      const built = await build();
      t.deepEqual(layersOf(built), layersOf(clean), `manifests, round ${round}`);
      t.true(damaged > STEPS);
      t.true(count(built, 'done') > STEPS / 2, `${count(built, 'hit')} hits`);
    }

    const random = seededRandom(1);
    for (const at of signer ? [random()] : [0, 1 - Number.EPSILON, random()]) {
      const damaged = new Set<string>();
      proxy.change = (path, body) => {
        if (!path.startsWith('/v2/cache/blobs/')) return body;
        damaged.add(path);
        return flipped(body, at, Math.floor(random() * 8));
      };
      const built = await build();
      t.deepEqual(layersOf(built), layersOf(clean), `blobs at ${at}`);
      t.true(damaged.size >= STEPS, `${damaged.size} blobs`);
      // Each once, although the build begins again for each.
      t.is(count(built, 'done'), STEPS, `blobs at ${at}`);
    }

    const fields = new Set<string>();
    let turn = 0;
    proxy.change = (path, body) => {
      if (!/^\/v2\/cache\/manifests\/[0-9a-f]{64}$/.test(path)) return body;
      const { bytes, field } = forged(body, turn++);
      fields.add(field);
      return bytes;
    };
    for (let round = 0; round < 2; round++) {
      const built = await build();
      t.deepEqual(layersOf(built), layersOf(clean), 'fields');
      // Of a record that nobody signed only when and how long may be taken.
      if (signer) t.is(count(built, 'done'), STEPS);
    }
    t.deepEqual([...fields].sort(), FIELDS);
  });
}

/** A record with one field changed, and a manifest that fits it. */
function forged(body: Buffer, turn: number): { readonly bytes: Buffer; readonly field: string } {
  const manifest = JSON.parse(body.toString()) as Manifest;
  const record = JSON.parse(manifest.annotations['vnd.varve.record']!) as { [key: string]: Json };
  const leaves = leavesOf(record);
  const [field, change] = leaves[turn % leaves.length]!;
  change();
  const text = JSON.stringify(record);
  manifest.annotations['vnd.varve.record'] = text;
  manifest.annotations['vnd.varve.record.digest'] = digestOf(text);
  manifest.layers = [record.layer!, ...(record.changes === undefined ? [] : [record.changes])];
  return { bytes: Buffer.from(JSON.stringify(manifest)), field };
}

/** Every leaf by its path, and what changes it. */
function leavesOf(value: Json, path: readonly string[] = []): (readonly [string, () => void])[] {
  if (typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const at = [...path, key];
    if (typeof child === 'object') return leavesOf(child, at);
    const set = (next: Json): void => void ((value as { [key: string]: Json })[key] = next);
    const last = typeof child === 'string' ? child.at(-1) : '';
    const other = typeof child === 'number' ? child + 1 : `${child.slice(0, -1)}${last === '0' ? '1' : '0'}`;
    return [[at.join('.'), () => set(other)] as const];
  });
}
