import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { writeTar } from '../../src/layer/write-tar.ts';
import type { Entry } from '../../src/snapshot/entry.ts';
import { noise, type SampleLayer, sampleLayer } from '../fixtures/layer-items.ts';
import { TAR_TRAILER } from '../fixtures/make-tar.ts';

async function* entriesOf(layer: SampleLayer): AsyncGenerator<{ path: string; entry: Entry }> {
  for (const item of layer.items) if (item.kind === 'entry') yield item;
}

test('GNU tar unpacks what is written', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'varve-write-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const layer = sampleLayer();
  layer.add('', 'dir');
  layer.add('d', 'dir');
  layer.file('d/a', noise(1_000_001, 1));
  layer.file('d/b', 'linked', { hardlink: '1' });
  layer.file('d/c', 'linked', { hardlink: '1' });
  layer.file('empty', '');
  const tar = Buffer.concat(await writeTar(entriesOf(layer), layer.content).toArray());
  t.is(tar.length % 512, 0);
  t.true(tar.subarray(-TAR_TRAILER.length).equals(TAR_TRAILER));
  execFileSync('tar', ['-x', '-C', dir], { input: tar });
  for (const [path, bytes] of layer.contents) t.true(readFileSync(join(dir, path)).equals(bytes), path);
  t.deepEqual(layer.asked, ['d/a', 'd/b']);
});

test('a file that is not what its entry says breaks the stream', async (t) => {
  for (const content of [noise(99, 1), noise(101, 1), noise(100, 2)]) {
    const layer = sampleLayer();
    layer.file('a', noise(100, 1));
    layer.contents.set('a', content);
    await t.throwsAsync(writeTar(entriesOf(layer), layer.content).toArray(), {
      code: 'CONTENT_CHANGED',
      message: /\/a /,
    });
  }
});
