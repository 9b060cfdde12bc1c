import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { loadLibc } from '../../../../src/io/libc.ts';
import { readArchive } from '../../../../src/layer/read-archive.ts';
import { unpackStream } from '../../../../src/layer/unpack-stream.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { DOCKER_LAYER_GZIP, OCI_LAYER, OCI_LAYER_ZSTD } from '../../../../src/oci/media-types.ts';
import { base256, GNU_MAGIC, makeTar, paxHeader, V7_MAGIC } from '../../../fixtures/make-tar.ts';
import type { FuzzTarget } from '../fuzz-target.ts';
import { Flaw } from '../try-input.ts';

const BLOCK = 512;
const TOKENS = [
  '../',
  '/etc/passwd',
  '.wh.',
  '.wh..wh..opq',
  '.wh..',
  './',
  'a/b',
  '20 path=/x/y/../../\n',
  '12 size=-1\n',
  '30 mtime=99999999999999999999\n',
  '25 SCHILY.xattr.user.a=b\n',
  '\0\0\0\0',
  '7777777\0',
  '\x80\0\0\0\0\0\0\0\0\0\0\x01',
  'ustar\x0000',
  'ustar  \0',
];

function samples(): Buffer[] {
  const plain = makeTar([
    { name: 'a/', type: '5', mode: 0o755 },
    { name: 'a/file', content: 'content of a file', uid: 1000, gid: 1000, mtime: 1_700_000_000 },
    { name: 'a/link', type: '2', link: '../a/file' },
    { name: 'a/hard', type: '1', link: 'a/file' },
    { name: 'a/.wh.gone', content: '' },
    { name: 'b/.wh..wh..opq', content: '' },
    { name: 'c/fifo', type: '6' },
    { name: 'c/null', type: '3', device: [1, 3] },
  ]);
  const extended = makeTar([
    paxHeader({ path: 'p/long-name', mtime: '1700000000.123456789', 'SCHILY.xattr.user.k': 'v', uid: '70000000' }),
    { name: 'short', content: 'x'.repeat(700) },
    paxHeader({ linkpath: 'p/target', size: '0' }),
    { name: 'p/link', type: '2', link: 'short' },
    paxHeader({ comment: 'all' }, 'g'),
    { name: 'after', content: 'y' },
  ]);
  const old = makeTar([
    { name: '././@LongLink', type: 'L', content: `${'long/'.repeat(30)}name\0`, magic: GNU_MAGIC },
    { name: 'cut', content: 'gnu', magic: GNU_MAGIC, size: base256(3n, 12) },
    { name: '././@LongLink', type: 'K', content: `${'up/'.repeat(40)}\0`, magic: GNU_MAGIC },
    { name: 'link', type: '2', link: 'x', magic: GNU_MAGIC },
    { name: 'v7', content: 'v7', magic: V7_MAGIC },
  ]);
  return [plain, extended, old];
}

/** Right checksums for what look like headers, most of the time: what comes after a wrong one is not read. */
function withChecksums(tar: Buffer): Buffer {
  const bytes = Buffer.from(tar);
  for (let at = 0; at + BLOCK <= bytes.length; at += BLOCK) {
    const isHeader = bytes.toString('latin1', at + 257, at + 262) === 'ustar' || bytes[at + 156] !== 0;
    if (!isHeader || bytes[at] === 0) continue;
    bytes.fill(' ', at + 148, at + 156);
    let sum = 0;
    for (let i = at; i < at + BLOCK; i++) sum += bytes[i]!;
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 8, 'latin1');
  }
  return bytes;
}

function unpack(bytes: Buffer, mediaType: string, dest?: string) {
  return unpackStream(
    Readable.from([bytes], { objectMode: false }),
    {
      mediaType,
      expected: { digest: digestOf(bytes), size: bytes.length },
      whiteouts: dest === undefined ? 'none' : 'trusted',
      limits: { bytes: 64 * 1024 * 1024, entries: 10_000 },
      ...(dest === undefined ? {} : { dest }),
    },
    loadLibc(),
  );
}

const detect = (bytes: Buffer): string =>
  bytes[0] === 0x1f ? DOCKER_LAYER_GZIP : bytes[0] === 0x28 ? OCI_LAYER_ZSTD : OCI_LAYER;

/** A tar stream, read; its compression's own framing; a layer on disk; an archive for ADD. */
export function layerTargets(): FuzzTarget[] {
  const tars = samples();
  const compressed = [
    ...tars.map((tar) => gzipSync(tar)),
    ...tars.map((tar) => zstdCompressSync(tar)),
    Buffer.concat([gzipSync(tars[0]!.subarray(0, 1024)), gzipSync(tars[0]!.subarray(1024))]),
    Buffer.concat([Buffer.from('502a4d1804000000', 'hex'), Buffer.alloc(4), zstdCompressSync(tars[1]!)]),
  ];
  const finish: FuzzTarget['finish'] = (bytes, random) => (random.chance(0.9) ? withChecksums(bytes) : bytes);
  const outer = mkdtempSync(join(tmpdir(), 'varve-fuzz-layer-'));
  const secret = join(outer, 'secret');
  writeFileSync(secret, 'secret');
  const removed = { [Symbol.asyncDispose]: async () => rmSync(outer, { recursive: true, force: true }) };
  const checkOutside = (): void => {
    const isSame = readFileSync(secret, 'utf8') === 'secret' && lstatSync(secret).nlink === 1;
    if (!isSame || readdirSync(outer).length !== 1) throw new Flaw('something outside the directory changed');
  };
  const inDirectory = async (name: string, work: (dest: string) => Promise<unknown>): Promise<void> => {
    const dest = join(outer, name);
    mkdirSync(dest);
    const error = await work(dest).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    rmSync(dest, { recursive: true, force: true });
    checkOutside();
    if (error !== undefined) throw error;
  };
  return [
    { name: 'layer-tar', samples: tars, tokens: TOKENS, finish, read: (bytes) => unpack(bytes, OCI_LAYER) },
    { name: 'layer-framing', heavy: true, samples: compressed, read: (bytes) => unpack(bytes, detect(bytes)) },
    {
      name: 'layer-disk',
      heavy: true,
      samples: tars,
      tokens: TOKENS,
      finish,
      read: (bytes) => inDirectory('dest', (dest) => unpack(bytes, OCI_LAYER, dest)),
    },
    {
      name: 'add-archive',
      samples: [...tars, ...compressed],
      tokens: TOKENS,
      finish,
      read: (bytes) =>
        inDirectory('spool', (directory) =>
          readArchive({ bytes }, { directory, program: (name) => `/usr/bin/${name}` }),
        ),
      ...removed,
    },
  ];
}
