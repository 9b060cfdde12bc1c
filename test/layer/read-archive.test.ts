import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { type ReadArchiveItem, readArchive } from '../../src/layer/read-archive.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { makeTar, type RawTarEntry } from '../fixtures/make-tar.ts';

const PROGRAMS: Readonly<Record<string, string>> = { xz: '/usr/bin/xz', bzip2: '/usr/bin/bzip2' };

function setUp(t: ExecutionContext, program = (name: string): string | undefined => PROGRAMS[name]) {
  const dir = mkdtempSync(join(tmpdir(), 'varve-archive-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  let count = 0;
  return (bytes: Buffer) => {
    const directory = join(dir, String(count++));
    mkdirSync(directory);
    writeFileSync(`${directory}.in`, bytes);
    return readArchive({ path: `${directory}.in` }, { directory, program });
  };
}

const bytesOf = ({ content }: ReadArchiveItem): Buffer | undefined =>
  content && ('bytes' in content ? content.bytes : readFileSync(content.path));

const tar = makeTar([
  { name: 'd/', type: '5', mode: 0o750, uid: 3, gid: 4, mtime: 5 },
  { name: 'd/f', content: 'hello' },
  { name: 'd/g', type: '1', link: 'd/f' },
  { name: '.wh.x', content: 'not a whiteout here' },
  { name: 'd/empty' },
]);

test('every compression is seen from the content', async (t) => {
  const read = setUp(t);
  const forms: [string, Buffer][] = [
    ['plain', tar],
    ['gzip', gzipSync(tar)],
    ['zstd', zstdCompressSync(tar)],
  ];
  for (const name of ['xz', 'bzip2']) {
    try {
      forms.push([name, execFileSync(PROGRAMS[name]!, ['-c'], { input: tar })]);
    } catch {
      t.log(`${name} is not installed: not tried`);
    }
  }
  for (const [form, bytes] of forms) {
    const items = await read(bytes);
    t.deepEqual(
      items?.map(({ path }) => path),
      ['.wh.x', 'd', 'd/empty', 'd/f', 'd/g'],
      form,
    );
    t.like(items?.[1], { entry: { type: 'dir', mode: 0o750, uid: 3, gid: 4, mtime: 5_000_000_000n } });
    for (const item of items!.filter(({ entry }) => entry.type === 'file')) {
      const content = bytesOf(item)!;
      t.is(digestOf(content), item.entry.digest!);
      t.is(content.length, item.entry.size);
    }
    t.is(items?.[3]?.entry.hardlink, items?.[4]?.entry.hardlink);
    t.not(items?.[3]?.entry.hardlink, undefined);
  }
});

test('bytes in memory are read too', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'varve-archive-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const items = await readArchive({ bytes: gzipSync(tar) }, { directory, program: () => undefined });
  t.is(items?.length, 5);
});

test('what is no tar is no archive', async (t) => {
  const read = setUp(t);
  const text = Buffer.from('just some text\n'.repeat(100));
  const rows = [
    Buffer.alloc(0),
    text,
    gzipSync(text),
    zstdCompressSync(text),
    gzipSync(''),
    Buffer.alloc(1024),
    Buffer.from('1f8b', 'hex'),
  ];
  for (const bytes of rows) t.is(await read(bytes), undefined);
});

test('a program that is not there is named', async (t) => {
  const read = setUp(t, () => undefined);
  const error = await t.throwsAsync(read(Buffer.from('fd377a585a000000', 'hex')), {
    code: 'ARCHIVE_PROGRAM',
    message: /xz/,
  });
  t.regex((error as unknown as { hint: string }).hint, /xz-utils/);
});

test('a damaged archive is refused', async (t) => {
  const read = setUp(t);
  await t.throwsAsync(read(tar.subarray(0, 1100)), { code: 'TAR_INVALID' });
  const big = gzipSync(makeTar([{ name: 'f', content: Buffer.alloc(3_000_000, 'x') }]));
  await t.throwsAsync(read(big.subarray(0, -10)), { code: 'TAR_INVALID' });
});

test('names stay inside, and unsafe archives are refused', async (t) => {
  const read = setUp(t);
  const rows: [RawTarEntry[], string[]][] = [
    [[{ name: '../../up', content: 'x' }], ['up']],
    [[{ name: '/abs', content: 'x' }], ['abs']],
    [
      [
        { name: 'l', type: '2', link: '/..' },
        { name: 'l/x', content: 'x' },
      ],
      ['l', 'x'],
    ],
  ];
  for (const [entries, paths] of rows)
    t.deepEqual(
      (await read(makeTar(entries)))?.map(({ path }) => path),
      paths,
    );
  await t.throwsAsync(read(makeTar([{ name: 'h', type: '1', link: '/etc/hostname' }])), { code: 'LAYER_UNSAFE' });
  await t.throwsAsync(read(makeTar([{ name: 's', type: 'S', content: 'x' }])), { code: 'TAR_UNSUPPORTED' });
});
