import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { fromText } from '../../src/io/byte-path.ts';
import { loadLibc } from '../../src/io/libc.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { hashLargeFile, hashSmallFile, SMALL_FILE } from '../../src/snapshot/hash-file.ts';
import { hashFiles } from '../../src/snapshot/hash-files.ts';
import { makeTemp } from './support/temp.ts';

const scratch = () => Buffer.allocUnsafe(SMALL_FILE);

test('sha256 of files of every size, in the order they were given', async (t) => {
  using temp = makeTemp();
  const sizes = [0, 1, SMALL_FILE - 1, SMALL_FILE, SMALL_FILE + 1, (1 << 20) + 3, 2, 3 << 20];
  const contents = sizes.map((size, i) => Buffer.alloc(size, `${i}`));
  const files = contents.map((content, i) => {
    const path = join(temp.path, `${i}`);
    writeFileSync(path, content);
    return { path, size: content.length };
  });
  t.deepEqual(
    await hashFiles(files, { concurrency: 2 }),
    contents.map((content) => digestOf(content)),
  );
  t.deepEqual(await hashFiles([], { concurrency: 2 }), []);
});

test('a sparse file is read as the zeros it stands for', async (t) => {
  using temp = makeTemp();
  const path = join(temp.path, 'sparse');
  writeFileSync(path, '');
  truncateSync(path, 5 << 20);
  t.is(await hashLargeFile(path, 5 << 20), digestOf(Buffer.alloc(5 << 20)));
});

test('a file of another size than its stat said is refused', async (t) => {
  using temp = makeTemp();
  const path = join(temp.path, 'f');
  writeFileSync(path, '12345');
  for (const size of [4, 6]) {
    t.throws(() => hashSmallFile(path, size, scratch()), { code: 'FILE_CHANGED' });
    await t.throwsAsync(hashLargeFile(path, size), { code: 'FILE_CHANGED' });
  }
});

test('what took a file’s place is not followed and does not block', async (t) => {
  using temp = makeTemp();
  const secret = join(temp.path, 'secret');
  writeFileSync(secret, 'x');
  symlinkSync(secret, join(temp.path, 'link'));
  t.throws(() => hashSmallFile(join(temp.path, 'link'), 1, scratch()), { code: 'ELOOP' });
  loadLibc().mknod(join(fromText(temp.path), 'fifo'), 0o010644, 0, 0);
  t.throws(() => hashSmallFile(join(temp.path, 'fifo'), 1, scratch()), { code: 'FILE_CHANGED' });
  mkdirSync(join(temp.path, 'dir'));
  t.throws(() => hashSmallFile(join(temp.path, 'dir'), 1, scratch()), { code: 'EISDIR' });
});

test('one file that cannot be read ends all', async (t) => {
  using temp = makeTemp();
  writeFileSync(join(temp.path, 'ok'), Buffer.alloc(1 << 20));
  const files = [
    { path: join(temp.path, 'ok'), size: 1 << 20 },
    { path: join(temp.path, 'absent'), size: 4 },
  ];
  await t.throwsAsync(hashFiles(files, { concurrency: 1 }), { code: 'ENOENT' });
  const abort = new AbortController();
  abort.abort(new Error('stop'));
  await t.throwsAsync(hashFiles(files.slice(0, 1), { concurrency: 1, signal: abort.signal }), { message: 'stop' });
});
