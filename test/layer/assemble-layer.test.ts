import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import type { BlobStore } from '../../src/cas/blob-store.ts';
import { createMemoryBlobStore } from '../../src/cas/memory-blob-store.ts';
import { type AssembleOptions, assembleLayer } from '../../src/layer/assemble-layer.ts';
import { PIECE_BYTES } from '../../src/layer/format.ts';
import { digestOf } from '../../src/oci/digest.ts';
import type { Compression } from '../../src/oci/media-types.ts';
import { unpackBytes } from '../fixtures/layer-blob.ts';
import { noise, sampleLayer } from '../fixtures/layer-items.ts';

const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'zstd'];

function mixed() {
  const layer = sampleLayer();
  layer.add('a', 'dir');
  for (let i = 0; i < 400; i++) layer.file(`a/${String(i).padStart(3, '0')}`, noise(3000, i), { mtime: BigInt(i) });
  layer.file('big', noise(2 * PIECE_BYTES + 1000, 1));
  layer.file('empty', '');
  layer.add('link', 'symlink', { target: 'a/000' });
  return layer;
}

test('the bytes depend on items, method and level alone', async (t) => {
  const layer = mixed();
  for (const compression of COMPRESSIONS) {
    const digests = new Set<string>();
    for (const concurrency of [1, 2, 7]) {
      const blobs = createMemoryBlobStore();
      const made = await assembleLayer(layer.items, { compression, blobs, content: layer.content, concurrency });
      digests.add(made.descriptor.digest);
      t.is(digestOf(await blobs.read(made.descriptor.digest)), made.descriptor.digest);
      t.is(made.descriptor.size, (await blobs.read(made.descriptor.digest)).length);
    }
    t.is(digests.size, 1);
  }
});

test('diffID and size are those of the plain tar, which GNU tar unpacks', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'varve-assemble-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const layer = mixed();
  const blobs = createMemoryBlobStore();
  const diffs = new Set<string>();
  for (const compression of COMPRESSIONS) {
    const made = await assembleLayer(layer.items, { compression, blobs, content: layer.content });
    const blob = await blobs.read(made.descriptor.digest);
    const program = { none: 'cat', gzip: 'gzip', zstd: 'zstd' }[compression];
    const args = compression === 'none' ? [] : ['-dc'];
    const tar = execFileSync(program, args, { input: blob, maxBuffer: 2 ** 30 });
    t.is(digestOf(tar), made.diffId);
    t.is(tar.length, made.uncompressedSize);
    diffs.add(made.diffId);
    if (compression === 'none') writeFileSync(join(dir, 'x.tar'), tar);
  }
  t.is(diffs.size, 1);
  execFileSync('tar', ['-xf', 'x.tar'], { cwd: dir });
  for (const [path, bytes] of layer.contents) t.true(readFileSync(join(dir, path)).equals(bytes), path);
});

test('gzip members say nothing of the machine', async (t) => {
  const layer = sampleLayer();
  layer.file('a', 'hello');
  const blobs = createMemoryBlobStore();
  const made = await assembleLayer(layer.items, { compression: 'gzip', blobs, content: layer.content });
  const blob = await blobs.read(made.descriptor.digest);
  t.is(blob.subarray(0, 10).toString('hex'), '1f8b08000000000000ff');
  t.is(gunzipSync(blob).length, made.uncompressedSize);
});

test('whiteouts are empty files, hard links point to the first name', async (t) => {
  const layer = sampleLayer();
  layer.add('d', 'dir');
  layer.items.push({ kind: 'opaque', path: 'd' });
  layer.items.push({ kind: 'whiteout', path: 'd/gone' });
  layer.items.push({ kind: 'whiteout', path: 'top' });
  layer.file('x', 'same', { hardlink: '1' });
  layer.file('y', 'same', { hardlink: '1' });
  layer.file('z', 'same', { hardlink: '2' });
  const blobs = createMemoryBlobStore();
  const made = await assembleLayer(layer.items, { compression: 'none', blobs, content: layer.content });
  const listing = execFileSync('tar', ['--utc', '--full-time', '-tv'], {
    input: await blobs.read(made.descriptor.digest),
  });
  t.deepEqual(
    listing
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' ')),
    [
      'drwxr-xr-x 0/0 0 2020-09-13 12:26:40 d/',
      '-rw------- 0/0 0 1970-01-01 00:00:00 d/.wh..wh..opq',
      '-rw------- 0/0 0 1970-01-01 00:00:00 d/.wh.gone',
      '-rw------- 0/0 0 1970-01-01 00:00:00 .wh.top',
      '-rw-r--r-- 0/0 4 2020-09-13 12:26:40 x',
      'hrw-r--r-- 0/0 0 2020-09-13 12:26:40 y link to x',
      '-rw-r--r-- 0/0 4 2020-09-13 12:26:40 z',
    ],
  );
  t.deepEqual(layer.asked, ['x', 'z']);
});

test('a file that looks like a whiteout is refused by name', async (t) => {
  for (const path of ['.wh.x', 'a/.wh.x', 'a/.wh.d/f']) {
    const layer = sampleLayer();
    layer.file(path, 'x');
    const options = { compression: 'gzip', blobs: createMemoryBlobStore(), content: layer.content } as const;
    const error = await t.throwsAsync(assembleLayer(layer.items, options), { code: 'LAYER_NAME_RESERVED' });
    t.true(error.message.includes(path));
  }
});

test('content that changed is refused by name, and leaves no blob', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'varve-changed-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const blobs = createMemoryBlobStore();
  const large = 2 * PIECE_BYTES + 5;
  const changes: readonly (readonly [string, number, (path: string) => void])[] = [
    ['other bytes', 1000, (path) => writeFileSync(path, noise(1000, 2))],
    ['shorter', 1000, (path) => truncateSync(path, 10)],
    ['gone', 1000, (path) => rmSync(path)],
    ['a fifo', 1000, (path) => execFileSync('sh', ['-c', 'rm "$0" && mkfifo "$0"', path])],
    ['a link', 1000, (path) => execFileSync('ln', ['-sf', '/etc/hostname', path])],
    ['other bytes, large', large, (path) => writeFileSync(path, noise(large, 2))],
    ['shorter, large', large, (path) => truncateSync(path, PIECE_BYTES)],
    ['gone, large', large, (path) => rmSync(path)],
  ];
  for (const [title, size, change] of changes) {
    const layer = sampleLayer();
    const path = join(dir, title.replaceAll(' ', '-'));
    layer.file('some/file', noise(size, 1));
    writeFileSync(path, layer.contents.get('some/file')!);
    change(path);
    const options: AssembleOptions = { compression: 'gzip', blobs, content: async () => ({ path }) };
    const error = await t.throwsAsync(assembleLayer(layer.items, options), { code: 'CONTENT_CHANGED' }, title);
    t.regex(error!.message, /\/some\/file/);
  }
});

test('every level gives what the method unpacks, and level 0 of gzip stores', async (t) => {
  const layer = sampleLayer();
  for (let i = 0; i < 8; i++) layer.file(`f${i}`, noise(20_000, i));
  const sizes = new Map<string, number>();
  for (const [compression, level] of [
    ['none', undefined],
    ['gzip', 0],
    ['gzip', 1],
    ['gzip', 9],
    ['zstd', 1],
    ['zstd', 22],
  ] as const) {
    const blobs = createMemoryBlobStore();
    const options = { compression, blobs, content: layer.content, ...(level === undefined ? {} : { level }) };
    const made = await assembleLayer(layer.items, options);
    const unpacked = await unpackBytes(await blobs.read(made.descriptor.digest), {
      mediaType: made.descriptor.mediaType,
    });
    t.is(unpacked.diffId, made.diffId);
    sizes.set(`${compression} ${level}`, made.descriptor.size);
  }
  t.true(sizes.get('gzip 0')! > sizes.get('none undefined')!);
  t.true(sizes.get('gzip 1')! < 0.8 * sizes.get('gzip 0')!);
  t.true(sizes.get('zstd 22')! < sizes.get('gzip 0')!);
});

test('no more frames are in memory than are compressed at once', async (t) => {
  const layer = sampleLayer();
  const content = noise(700_000, 1);
  for (let i = 0; i < 20; i++) layer.file(`f${i}`, content); // a frame each
  layer.file('large', Buffer.alloc(3 * PIECE_BYTES));
  for (const concurrency of [1, 3]) {
    const blobs = createMemoryBlobStore();
    let [read, written, most] = [0, 0, 0];
    const counted = async (path: string) => {
      // The pieces of the large file are counted as they are written.
      if (path !== 'large') most = Math.max(most, ++read - written);
      return layer.content(path);
    };
    const counting: BlobStore = {
      ...blobs,
      async writer() {
        const writer = await blobs.writer();
        return {
          ...writer,
          async write(chunk) {
            await writer.write(chunk);
            written++;
          },
        };
      },
    };
    const made = await assembleLayer(layer.items, {
      compression: 'gzip',
      blobs: counting,
      content: counted,
      concurrency,
    });
    t.is(made.frames.compressed, written);
    t.true(written >= 23, `${written} frames`);
    t.true(most <= concurrency, `${most} frames of ${concurrency}`);
  }
});

test('the size of the thread pool decides nothing', async (t) => {
  const script = join(import.meta.dirname, '../fixtures/assemble-here.ts');
  const digests = ['1', '3', '16'].map((UV_THREADPOOL_SIZE) =>
    execFileSync(process.execPath, [script], { env: { ...process.env, UV_THREADPOOL_SIZE } }).toString(),
  );
  t.regex(digests[0]!, /^(none|gzip|zstd) sha256:/);
  t.is(new Set(digests).size, 1, digests.join('\n'));
});

test('an aborted signal ends it with its reason', async (t) => {
  const layer = mixed();
  const reason = new Error('enough');
  const controller = new AbortController();
  const content = async (path: string) => {
    if (path === 'a/300') controller.abort(reason);
    return layer.content(path);
  };
  const options = { compression: 'gzip', blobs: createMemoryBlobStore(), content, signal: controller.signal } as const;
  t.is(await t.throwsAsync(assembleLayer(layer.items, options)), reason);
});

test('levels out of range are refused', async (t) => {
  const blobs = createMemoryBlobStore();
  const content = async () => ({ bytes: Buffer.alloc(0) });
  for (const [compression, level] of [
    ['gzip', -1],
    ['gzip', 10],
    ['zstd', 0],
    ['zstd', 23],
    ['none', 1],
    ['gzip', 1.5],
  ] as const)
    await t.throwsAsync(assembleLayer([], { compression, level, blobs, content }), { code: 'COMPRESSION_LEVEL' });
  for (const [compression, level] of [
    ['gzip', 0],
    ['gzip', 9],
    ['zstd', 1],
    ['zstd', 22],
  ] as const)
    t.is((await assembleLayer([], { compression, level, blobs, content })).uncompressedSize, 1024);
});
