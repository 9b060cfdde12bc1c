import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { buildBench } from '../support/build-bench.ts';

test('with --normalize-modes a checkout under another umask is the same', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { 'd/file': 'file', 'd/tool': 'tool', alone: 'alone' });
  const modes = (directory: number, file: number, tool: number): void => {
    chmodSync(join(context, 'd'), directory);
    chmodSync(join(context, 'd/file'), file);
    chmodSync(join(context, 'd/tool'), tool);
    chmodSync(join(context, 'alone'), file);
  };
  const dockerfile = 'FROM scratch\nCOPY . /x/\n';
  modes(0o755, 0o644, 0o755);
  const first = await bench.build(dockerfile, context);
  modes(0o700, 0o600, 0o711);
  const plain = await bench.build(dockerfile, context);
  t.is(plain.steps[0]?.status, 'done', 'modes count without the flag');
  const found: Record<string, string> = {};
  const normal = await bench.build(dockerfile, context, {
    normalizeModes: true,
    store: 'other',
    inspect: async (image, { files }) => {
      const source = files.source(image.layers, await files.tree(image.layers));
      for (const path of ['x', 'x/d', 'x/d/file', 'x/d/tool', 'x/alone'])
        found[path] = ((await source.lookup(path))?.mode ?? 0).toString(8);
    },
  });
  t.is(normal.steps[0]?.status, 'done');
  t.deepEqual(found, { x: '755', 'x/d': '755', 'x/d/file': '644', 'x/d/tool': '755', 'x/alone': '644' });
  modes(0o750, 0o640, 0o750);
  const again = await bench.build(dockerfile, context, { normalizeModes: true });
  t.is(again.steps[0]?.status, 'hit', 'what git would have checked out with the common umask is the same');
  t.is(again.image.layers[0]?.diffId, first.image.layers[0]?.diffId);
});
