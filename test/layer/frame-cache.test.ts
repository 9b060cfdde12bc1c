import test from 'ava';
import type { BlobStore } from '../../src/cas/blob-store.ts';
import type { Catalog } from '../../src/cas/catalog.ts';
import { createMemoryBlobStore } from '../../src/cas/memory-blob-store.ts';
import { createMemoryCatalog } from '../../src/cas/memory-catalog.ts';
import { silentLog } from '../../src/io/log.ts';
import { assembleLayer } from '../../src/layer/assemble-layer.ts';
import { PIECE_BYTES } from '../../src/layer/format.ts';
import { createFrameCache, type FrameCache } from '../../src/layer/frame-cache.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { noise, type SampleLayer, sampleLayer } from '../fixtures/layer-items.ts';

/** 400 small files and one of three pieces; `changed` is the file with another content. */
function sources(changed?: number): SampleLayer {
  const layer = sampleLayer();
  for (let i = 0; i < 400; i++) layer.file(`a/${String(i).padStart(3, '0')}`, noise(3000, i === changed ? 999 : i));
  layer.file('big', noise(2 * PIECE_BYTES + 1000, 1));
  return layer;
}

const make = (
  layer: SampleLayer,
  blobs: BlobStore,
  cache?: FrameCache,
  compression: 'gzip' | 'zstd' = 'gzip',
  level?: number,
) =>
  assembleLayer(layer.items, {
    compression,
    blobs,
    content: layer.content,
    ...(cache ? { cache } : {}),
    ...(level === undefined ? {} : { level }),
  });

test('known frames are copied: same bytes, no file read, nothing compressed', async (t) => {
  for (const compression of ['gzip', 'zstd'] as const) {
    const blobs = createMemoryBlobStore();
    const cache = createFrameCache(createMemoryCatalog(), silentLog);
    const first = await make(sources(), blobs, cache, compression);
    t.is(first.frames.reused, 0);
    t.is(first.frames.bytes, first.uncompressedSize);
    const again = sources();
    const second = await make(again, blobs, cache, compression);
    t.deepEqual(second.descriptor, first.descriptor);
    t.is(second.diffId, first.diffId);
    t.deepEqual(second.frames, { compressed: 0, reused: first.frames.compressed, bytes: 0 });
    t.deepEqual(again.asked, []);
  }
});

test('after a change of one file, one frame is compressed and the rest copied', async (t) => {
  const blobs = createMemoryBlobStore();
  const cache = createFrameCache(createMemoryCatalog(), silentLog);
  await make(sources(), blobs, cache);
  const changed = sources(200);
  const warm = await make(changed, blobs, cache);
  t.is(warm.frames.compressed, 1);
  t.true(changed.asked.length < 400);
  t.deepEqual(warm.descriptor, (await make(sources(200), createMemoryBlobStore())).descriptor);
});

test('another method or level shares nothing', async (t) => {
  const blobs = createMemoryBlobStore();
  const cache = createFrameCache(createMemoryCatalog(), silentLog);
  await make(sources(), blobs, cache);
  t.is((await make(sources(), blobs, cache, 'gzip', 1)).frames.reused, 0);
  t.is((await make(sources(), blobs, cache, 'zstd')).frames.reused, 0);
});

test('a blob that is gone is a miss, and the rows name the new one', async (t) => {
  const blobs = createMemoryBlobStore();
  const cache = createFrameCache(createMemoryCatalog(), silentLog);
  const first = await make(sources(), blobs, cache);
  await blobs.delete(first.descriptor.digest);
  const second = await make(sources(), blobs, cache);
  t.is(second.frames.reused, 0);
  t.deepEqual(second.descriptor, first.descriptor);
  t.is((await make(sources(), blobs, cache)).frames.compressed, 0);
});

test('a damaged blob is a miss, wherever the damage is', async (t) => {
  const good = createMemoryBlobStore();
  const catalog = createMemoryCatalog();
  const first = await make(sources(), good, createFrameCache(catalog, silentLog));
  for (const at of [0.1, 0.5, 0.95]) {
    const bytes = await good.read(first.descriptor.digest);
    const offset = Math.floor(bytes.length * at);
    bytes[offset] = bytes[offset]! ^ 0xff;
    const damaged = createMemoryBlobStore();
    const stored = await damaged.put(bytes);
    // The store still has it under its old name.
    const lying: BlobStore = {
      ...damaged,
      size: async (digest) => (digest === first.descriptor.digest ? stored.size : damaged.size(digest)),
      readRange: (digest, range) =>
        damaged.readRange(digest === first.descriptor.digest ? stored.digest : digest, range),
    };
    const second = await make(sources(), lying, createFrameCache(catalog, silentLog));
    t.deepEqual(second.descriptor, first.descriptor);
    t.is(digestOf(await damaged.read(second.descriptor.digest)), first.descriptor.digest);
    t.true(second.frames.compressed > 0);
  }
});

test('rows are written after the blob is there, and not when it fails', async (t) => {
  const blobs = createMemoryBlobStore();
  const catalog = createMemoryCatalog();
  const layer = sources();
  layer.contents.set('big', noise(10, 1));
  await t.throwsAsync(make(layer, blobs, createFrameCache(catalog, silentLog)), { code: 'CONTENT_CHANGED' });
  for await (const [key] of catalog.rows('frame')) t.fail(key);
  const written: boolean[] = [];
  const made = await make(sources(), blobs, {
    get: async () => undefined,
    async put(rows) {
      for (const [, row] of rows) written.push(await blobs.has(row.digest));
    },
  });
  t.is(written.length, made.frames.compressed);
  t.true(written.every(Boolean));
});

test('a failing catalog is a warning and a miss', async (t) => {
  const fail = () => Promise.reject(new Error('no catalog'));
  const catalog = { ...createMemoryCatalog(), get: fail, write: fail } as unknown as Catalog;
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
  const layer = sampleLayer();
  layer.file('a', 'x');
  const made = await make(layer, createMemoryBlobStore(), createFrameCache(catalog, log));
  t.is(made.frames.compressed, 1);
  t.is(warnings.length, 2);
});
