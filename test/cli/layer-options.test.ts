import test from 'ava';
import { byteSize, chosenCompression, compressionLevel } from '../../src/cli/layer-options.ts';

test("compression by the names of docker buildx, with each method's own level or the one that is given", (t) => {
  t.deepEqual(chosenCompression('gzip', undefined), { compression: 'gzip', level: 6 });
  t.deepEqual(chosenCompression('gzip', compressionLevel('-1')), { compression: 'gzip', level: 6 });
  t.deepEqual(chosenCompression('zstd', undefined), { compression: 'zstd', level: 3 });
  t.deepEqual(chosenCompression('zstd', compressionLevel('22')), { compression: 'zstd', level: 22 });
  t.deepEqual(chosenCompression('uncompressed', undefined), { compression: 'none', level: 0 });
  t.throws(() => chosenCompression('gzip', 10), { code: 'COMPRESSION_LEVEL', message: /0 to 9/ });
  t.throws(() => chosenCompression('uncompressed', 1), { code: 'COMPRESSION_LEVEL', message: /no levels/ });
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
