import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import test from 'ava';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';
import { fromText } from '../../src/io/byte-path.ts';
import { digestHex, digestOf } from '../../src/oci/digest.ts';
import type { ImageContent } from '../../src/registry/image-content.ts';
import { writeOciLayout } from '../../src/registry/write-oci-layout.ts';
import { sampleImage } from '../support/sample-image.ts';

test('each layer is opened once, and its chunks are given back as they are written', async (t) => {
  using directory = temporaryDirectory('varve-layout');
  const sample = await sampleImage(['one', 'two', 'three']);
  const large = Array.from({ length: 3 }, (_, i) => Buffer.alloc(300_000, i));
  const digest = digestOf(Buffer.concat(large));
  const layers = [...sample.layers, { mediaType: sample.layers[0]!.mediaType, digest, size: 900_000 }];
  const opened: string[] = [];
  const open: ImageContent['open'] = (layer) => {
    opened.push(layer);
    return layer === digest ? Readable.from(large, { objectMode: false }) : sample.open(layer);
  };
  const layout = join(directory.path, 'layout');
  await writeOciLayout(fromText(layout), { ...sample, layers, open }, ['app:1']);
  t.deepEqual(opened.toSorted(), layers.map((layer) => layer.digest).toSorted());
  t.true(large.every(({ length }) => length === 0));
  const blobs = readdirSync(join(layout, 'blobs/sha256'));
  t.is(blobs.length, layers.length + 2);
  for (const name of blobs) t.is(digestHex(digestOf(readFileSync(join(layout, 'blobs/sha256', name)))), name);
});

test('a layer that fails ends the others, and no layout is left', async (t) => {
  using directory = temporaryDirectory('varve-layout');
  const sample = await sampleImage(['one', 'two']);
  const [bad, endless] = sample.layers;
  const waiting = new Readable({ read() {} });
  const open: ImageContent['open'] = (layer) =>
    layer === bad!.digest
      ? Readable.from(fails(), { objectMode: false })
      : layer === endless!.digest
        ? waiting
        : sample.open(layer);
  await t.throwsAsync(writeOciLayout(fromText(join(directory.path, 'layout')), { ...sample, open }, []), {
    message: 'not these bytes',
  });
  t.true(waiting.destroyed);
  t.false(existsSync(join(directory.path, 'layout')));
  t.deepEqual(readdirSync(directory.path), []);
});

async function* fails(): AsyncGenerator<Buffer> {
  yield Buffer.from('some');
  throw new Error('not these bytes');
}
