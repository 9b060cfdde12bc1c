import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createRecords } from '../../../src/build/cache/records.ts';
import { createLayerFiles } from '../../../src/build/images/layer-files.ts';
import { openStore } from '../../../src/cas/open-store.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { loadLibc } from '../../../src/io/libc.ts';
import { unpackLayer } from '../../../src/layer/unpack-layer.ts';
import { createRegistryClient } from '../../../src/registry/create-registry-client.ts';
import { anonymous } from '../../../src/registry/credential-source.ts';
import { createTreeStore } from '../../../src/snapshot/tree-store.ts';
import { layerBlob } from '../../fixtures/layer-blob.ts';
import { type SampleLayer, sampleLayer } from '../../fixtures/layer-items.ts';
import { notRun } from '../../support/not-run.ts';

/** Layers in a store on disk, and how often each was read. */
async function filesOf(t: ExecutionContext, samples: readonly SampleLayer[]) {
  const path = mkdtempSync(join(tmpdir(), 'varve-files-'));
  const log = { warn: (text: string) => t.fail(text), debug: () => {} };
  const store = await openStore(path, { log, clock: systemClock });
  const { signal } = new AbortController();
  const registry = createRegistryClient({
    credentials: anonymous,
    insecureRegistries: [],
    userAgent: 'varve-test',
    log,
    clock: systemClock,
  });
  t.teardown(async () => {
    await registry.close();
    await store.close();
    rmSync(path, { recursive: true });
  });
  const layers = [];
  for (const sample of samples) {
    const { bytes, mediaType, expected } = await layerBlob(sample);
    await store.blobs.put(bytes);
    const { digest, size, diffId } = expected;
    layers.push({ descriptor: { mediaType, digest, size }, diffId });
  }
  const passes: ('unpacked' | 'read')[] = [];
  const files = createLayerFiles({
    store,
    registry,
    trees: createTreeStore(store.catalog),
    records: createRecords(store.catalog),
    remote: { content: async () => undefined, tree: async () => undefined },
    xattrs: 'trusted',
    signal,
    unpack(request) {
      passes.push(request.dest === undefined ? 'read' : 'unpacked');
      return unpackLayer({ ...request, libc: loadLibc() });
    },
  });
  return { files, layers, passes };
}

function twoLayers(): SampleLayer[] {
  const lower = sampleLayer();
  lower.add('d', 'dir');
  lower.file('d/a', 'lower');
  const upper = sampleLayer();
  upper.file('d/b', 'upper'); // d is not in this layer: its fields are the lower one's
  return [lower, upper];
}

test('what a RUN needs of a base, its directories and its tree, is one pass over each layer', async (t) => {
  if (process.getuid?.() !== 0) {
    notRun(t, 'needs root');
    return;
  }
  const { files, layers, passes } = await filesOf(t, twoLayers());
  const lower = files.lower(layers);
  const tree = await files.tree(layers);
  t.is((await lower).length, 2);
  t.deepEqual(passes, ['unpacked', 'unpacked']);
  t.is(await files.tree(layers), tree);
  await files.lower(layers);
  t.is(passes.length, 2);
});

test('a tree alone writes nothing to disk', async (t) => {
  const { files, layers, passes } = await filesOf(t, twoLayers());
  await files.tree(layers);
  t.deepEqual(passes, ['read', 'read']);
});
