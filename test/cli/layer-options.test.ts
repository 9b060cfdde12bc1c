import test from 'ava';
import { layerForm } from '../../src/build/images/image-form.ts';
import { byteSize, compressionLevel } from '../../src/cli/layer-options.ts';

test("compression by the names of docker buildx, with each method's own level or the one that is given", (t) => {
  t.deepEqual(layerForm('gzip', undefined), { method: 'gzip', level: 6 });
  t.deepEqual(layerForm('gzip', compressionLevel('-1')), { method: 'gzip', level: 6 });
  t.deepEqual(layerForm('zstd', undefined), { method: 'zstd', level: 3 });
  t.deepEqual(layerForm('zstd', compressionLevel('22')), { method: 'zstd', level: 22 });
  t.deepEqual(layerForm('estargz', undefined), { method: 'estargz', level: 6 });
  t.deepEqual(layerForm('uncompressed', undefined), { method: 'none', level: 0 });
  t.throws(() => layerForm('gzip', 10), { code: 'COMPRESSION_LEVEL', message: /0 to 9/ });
  t.throws(() => layerForm('uncompressed', 1), { code: 'COMPRESSION_LEVEL', message: /no levels/ });
  for (const text of ['', 'fast', '1.5', '-2', '100']) t.throws(() => compressionLevel(text));
});

test('sizes in bytes or with a unit', (t) => {
  t.is(byteSize('1000'), 1000);
  t.is(byteSize('500m'), 500 * 2 ** 20);
  t.is(byteSize('50G'), 50 * 2 ** 30);
  t.is(byteSize('1tb'), 2 ** 40);
  for (const text of ['', '0', '-1', '1.5g', 'm', '5x', '999999999999999t'])
    t.throws(() => byteSize(text), undefined, text);
});
