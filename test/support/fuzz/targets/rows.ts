import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { createRecords } from '../../../../src/build/cache/records.ts';
import { createHistory } from '../../../../src/build/explain/history.ts';
import { readBuild, readInputs } from '../../../../src/build/explain/history-rows.ts';
import { decodeSharedBuilds } from '../../../../src/build/explain/shared-builds.ts';
import { createMemoryCatalog } from '../../../../src/cas/memory-catalog.ts';
import { silentLog } from '../../../../src/io/log.ts';
import { createFrameCache } from '../../../../src/layer/frame-cache.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { OCI_LAYER_GZIP } from '../../../../src/oci/media-types.ts';
import { decodeRecord, encodeRecord, RecordInvalid } from '../../../../src/registry/cache-record.ts';
import { decodeChanges } from '../../../../src/snapshot/changes-codec.ts';
import { readGitIndex } from '../../../../src/snapshot/git-index.ts';
import { decodeStatRow, encodeStatRow } from '../../../../src/snapshot/stat-row.ts';
import { decodeNode, encodeExact } from '../../../../src/snapshot/tree-codec.ts';
import type { FuzzTarget } from '../fuzz-target.ts';
import { Flaw } from '../try-input.ts';

const DIGEST = digestOf('x');
const OTHER = digestOf('y');
const STAT = { dev: 1n, ino: 2n, size: 3, mtime: 4n, ctime: 5n, mode: 0o100644, uid: 6, gid: 7 };
const CREATED = '2024-01-01T00:00:00Z';
const TREE = { exact: DIGEST, content: OTHER };
const LAYER = { mediaType: OCI_LAYER_GZIP, digest: DIGEST, size: 5 };

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function build(): unknown {
  const step = {
    id: '1',
    stage: 'build',
    ordinal: 0,
    kind: 'copy',
    title: 'COPY a b',
    line: 3,
    platform: 'linux/amd64',
    key: DIGEST,
    parent: { key: OTHER, image: { reference: 'base', digest: DIGEST } },
    apart: false,
    sources: [{ key: OTHER, step: '0', stage: 'lib' }],
    taken: [OTHER, null],
    status: 'miss',
    refusal: 'too-old',
    args: ['A'],
    time: { startMs: 0, durationMs: 5 },
  };
  return {
    version: 1,
    id: '0123abcd',
    started: CREATED,
    durationMs: 10,
    result: 'done',
    name: 'app',
    dockerfile: 'Dockerfile',
    target: 'build',
    steps: [step],
    images: [{ platform: 'linux/amd64', digest: DIGEST, layers: [{ digest: DIGEST, diffId: OTHER, size: 1 }] }],
  };
}

const INPUTS = [
  ['kind', 'copy'],
  ['source', 'a'],
  ['dest', '/b'],
  ['file', { count: 2, pieces: ['p'] }],
];

function sharedBuilds(): Buffer {
  return json({
    builds: [build()],
    inputs: { [DIGEST]: INPUTS },
    taken: { [OTHER]: [['taken', { count: 1, pieces: ['p'] }]] },
    lines: { p: 'f 0644 a sha256:1\nf 0644 b sha256:2' },
  });
}

/** An index of version 2 with one file. */
function gitIndex(version: number): Buffer {
  const path = Buffer.from('dir/file');
  const entry = Buffer.alloc(version === 4 ? 62 + 1 + path.length + 1 : 8 * (((62 + path.length) >> 3) + 1));
  entry.writeUInt32BE(0o100644, 24);
  entry.writeUInt16BE(path.length, 60);
  if (version === 4) path.copy(entry, 63);
  else path.copy(entry, 62);
  const head = Buffer.alloc(12);
  head.write('DIRC');
  head.writeUInt32BE(version, 4);
  head.writeUInt32BE(2, 8);
  const extension = Buffer.concat([Buffer.from('TREE'), Buffer.from([0, 0, 0, 3]), Buffer.from('abc')]);
  return Buffer.concat([head, entry, entry, extension, Buffer.alloc(20)]);
}

/** What a store and a cache keep: records, lists of changes and of builds, rows of the catalog, and git's index. */
export function rowTargets(): FuzzTarget[] {
  const step = {
    kind: 'step' as const,
    format: 1,
    keys: [DIGEST],
    tree: TREE,
    changes: { ...LAYER, mediaType: 'application/vnd.varve.changes.v1+json+zstd' },
    created: CREATED,
    platform: 'linux/amd64',
    layer: LAYER,
    diffId: OTHER,
    parent: OTHER,
    durationMs: 1,
  };
  const wanted = { kind: 'step', key: DIGEST, format: 1, platform: 'linux/amd64' } as const;
  const changes = json([
    {
      kind: 'entry',
      path: 'a/b',
      entry: { type: 'file', mode: 420, uid: 0, gid: 0, mtime: '1700000000000000000', size: 3, digest: DIGEST },
    },
    {
      kind: 'entry',
      path: 'l',
      entry: { type: 'symlink', mode: 511, uid: 0, gid: 0, mtime: '0', size: 0, target: 'x' },
    },
    { kind: 'whiteout', path: 'gone' },
  ]);
  const packed = (bytes: Buffer): Buffer => zstdCompressSync(bytes);
  const isError = (error: unknown): boolean => error instanceof Error && !isMistake(error);
  const stat = encodeStatRow(
    'dir',
    new Map([['f', { stat: STAT, digest: DIGEST, quick: undefined, racy: true, bare: true }]]),
  );
  const node = encodeExact({
    children: [
      { name: 'd', entry: { type: 'dir', mode: 493, uid: 0, gid: 0, mtime: 0n, size: 0 }, tree: TREE },
      {
        name: 'f',
        entry: {
          ...{ type: 'file', mode: 420, uid: 0, gid: 0, mtime: 1n, size: 3, digest: DIGEST, hardlink: 'f' },
          xattrs: [['user.a', Buffer.from('v')]],
        },
      },
    ],
  });
  const catalog = createMemoryCatalog();
  const row = async (space: 'record' | 'history' | 'frame', key: string, value: Buffer): Promise<void> =>
    catalog.write([{ type: 'put', space, key, value }]);
  return [
    {
      name: 'cache-record',
      json: true,
      samples: [json(step)],
      finish(text) {
        const manifest = JSON.parse(encodeRecord(step).toString()) as { annotations: Record<string, string> };
        manifest.annotations['vnd.varve.record'] = text.toString();
        manifest.annotations['vnd.varve.record.digest'] = digestOf(text.toString());
        return json(manifest);
      },
      read: (bytes) => decodeRecord(bytes, wanted),
      expects: (error) => error instanceof RecordInvalid,
    },
    {
      name: 'cache-manifest',
      json: true,
      samples: [encodeRecord(step)],
      read: (bytes) => decodeRecord(bytes, wanted),
      expects: (error) => error instanceof RecordInvalid,
    },
    { name: 'changes', json: true, samples: [changes], finish: packed, read: decodeChanges, expects: isError },
    {
      name: 'shared-builds',
      heavy: true,
      json: true,
      samples: [sharedBuilds()],
      finish: packed,
      read: (bytes) => decodeSharedBuilds(bytes),
      expects: isError,
    },
    {
      name: 'history',
      json: true,
      samples: [json(build()), json(INPUTS)],
      async read(bytes) {
        readBuild(bytes);
        readInputs(packed(bytes));
        await row('history', `step/${DIGEST.slice(7)}`, packed(bytes));
        await row('history', 'lines/p', packed(bytes));
        await row('history', `build/${'0'.repeat(32)}/${CREATED}/0123abcd`, bytes);
        const history = createHistory(catalog);
        await history.builds();
        await history.inputs(DIGEST);
      },
    },
    {
      name: 'step-record',
      json: true,
      samples: [
        json({
          layer: { descriptor: LAYER, diffId: OTHER },
          tree: TREE,
          parent: OTHER,
          created: CREATED,
          durationMs: 1,
        }),
      ],
      async read(bytes) {
        await row('record', DIGEST.slice(7), bytes);
        await createRecords(catalog).steps([DIGEST]);
      },
    },
    { name: 'stat-row', samples: [stat], read: decodeStatRow, expects: (error) => error instanceof RangeError },
    { name: 'tree-node', samples: [node], read: decodeNode, expects: (error) => error instanceof RangeError },
    {
      name: 'frame-row',
      samples: [Buffer.alloc(88, 7)],
      async read(bytes) {
        await row('frame', 'k', bytes);
        await createFrameCache(catalog, silentLog).get('k');
      },
    },
    {
      name: 'git-index',
      samples: [gitIndex(2), gitIndex(4)],
      tokens: ['DIRC', 'link', 'sdir', 'TREE', '\xff\xff\xff\xff', '\x80\x80\x80\x80'],
      finish(bytes, random) {
        if (bytes.length < 20 || random.chance(0.5)) return bytes;
        const body = bytes.subarray(0, bytes.length - 20);
        return Buffer.concat([body, createHash('sha1').update(body).digest()]);
      },
      read(bytes) {
        const index = readGitIndex(bytes, { hash: 'sha1', writtenAt: 10n, prefix: '' });
        const id = index?.blob('dir/file', STAT as never);
        if (id !== undefined && !/^[0-9a-f]{40}$/.test(id)) throw new Flaw(`the id ${id}`);
      },
    },
  ];
}

/** A mistake of the program's, which no caller should have to catch. */
function isMistake(error: Error): boolean {
  return (
    error instanceof TypeError ||
    error instanceof ReferenceError ||
    (error instanceof RangeError && /stack/.test(error.message))
  );
}
