import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import test from 'ava';
import type { Input } from '../../../src/build/cache/step-key.ts';
import {
  decodeSharedBuilds,
  encodeSharedBuilds,
  SHARED_BUILDS_BYTES,
} from '../../../src/build/explain/shared-builds.ts';
import { explanationText } from '../../../src/cli/print-explanation.ts';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { createRecordSigner } from '../../../src/registry/record-signer.ts';
import { type CacheBench, cacheBench, pushTo } from '../support/cache-bench.ts';
import { kinds, tell } from '../support/told-build.ts';

const DOCKERFILE = (base: string) => `FROM ${base} AS lib
COPY lib /lib/
FROM ${base}
ARG VERSION
ARG NPM_TOKEN
ENV COLOR=red
RUN echo building > /built
COPY src /src/
COPY --from=lib /lib /lib/
`;
const isList = (path: string) => path.includes('/manifests/builds-');

/** A first machine has built; each further one is a store of its own. */
async function prepared(bench: CacheBench, dockerfile = DOCKERFILE(bench.base)) {
  const context = bench.directory('context', { 'src/a': 'a', 'src/b': 'b', 'lib/l': 'l', 'lib/m': 'm' });
  const build = (store: string, text = dockerfile, args: Record<string, string> = {}, more = {}) =>
    tell(bench, text, context, {
      store,
      cache: bench.options(),
      insecureRegistry: bench.proxy.host,
      buildArgs: new Map(Object.entries({ VERSION: '1', NPM_TOKEN: 'a-secret-value', ...args })),
      ...more,
    });
  await build('first');
  return { context, dockerfile, build };
}

test('a fresh machine says what changed since a build of another one: arguments, environment, text, files, what a stage gave', async (t) => {
  const bench = await cacheBench(t);
  const { context, dockerfile, build } = await prepared(bench);
  const textOf = async (store: string, ...more: [text?: string, args?: Record<string, string>]) => {
    const told = await build(store, ...more);
    return [kinds(told).slice(1), explanationText(told.explanation)] as const;
  };
  const [argument, version] = await textOf('argument', dockerfile, { VERSION: '2' });
  t.deepEqual(argument, ['miss  argument', 'hit content-key step', 'hit content-key step']);
  t.regex(
    version,
    /ARG VERSION changed: 1 → 2\n {4}compared with step 1.1 of build \w{8}, .*, as 127.0.0.1:\d+\/cache has it\n/,
  );

  // The mark of a secret that is still the same is no change.
  const [secret, shown] = await textOf('secret', dockerfile, { NPM_TOKEN: 'another-secret', VERSION: '1' });
  t.is(secret[0], 'miss  argument');
  t.regex(shown, /ARG NPM_TOKEN changed: \[hidden \w{12}\] → \[hidden \w{12}\]/);

  const [, environment] = await textOf('environment', dockerfile.replace('red', 'blue'));
  t.regex(environment, /ENV COLOR changed: red → blue/);
  t.notRegex(environment, /NPM_TOKEN/);
  const [, command] = await textOf('command', dockerfile.replace('echo building', 'echo "made"'));
  t.regex(command, /-echo building > \/built\n +\+echo "made" > \/built/);

  writeFileSync(join(context, 'src/a'), 'changed');
  writeFileSync(join(context, 'src/new'), 'new');
  rmSync(join(context, 'src/b'));
  writeFileSync(join(context, 'lib/l'), 'changed');
  const [files, named] = await textOf('files');
  t.deepEqual(files, ['hit step-key', 'miss  files', 'miss  step source']);
  t.regex(named, /1 file added: new\n +1 file removed: b\n +1 file with other content: a\n/);
  t.regex(named, /came out different: COPY lib \/lib\/\n +1 file with other content: l\n/);

  // Afterwards, too, and without the cache.
  const later = await build('files', dockerfile, {}, { cache: { from: [] } });
  t.deepEqual(kinds(later), ['not-run ', 'hit step-key', 'hit step-key', 'hit step-key']);
});

test('a base that is another one is named with both digests', async (t) => {
  const bench = await cacheBench(t);
  const { build } = await prepared(bench, `FROM ${bench.base}\nRUN echo a > /a\n`);
  const context = bench.directory('other base', { more: 'more' });
  await bench.build(`FROM ${bench.base}\nCOPY more /more\n`, context, {
    store: 'base-store',
    inspect: pushTo(bench.base.replace('base:1', 'base:2')),
  });
  const told = await build('base', `FROM ${bench.base.replace('base:1', 'base:2')}\nRUN echo a > /a\n`);
  t.deepEqual(kinds(told), ['miss  base']);
  const [cause] = told.explanation.steps[0]!.causes;
  t.regex(JSON.stringify(cause), /base:1 \(sha256:\w+\)".*base:2 \(sha256:\w+\)"/);
});

/** Steps that run nothing. */
const COPIES = 'FROM scratch\nARG NPM_TOKEN\nARG WHERE=here\nCOPY src /src/\nCOPY <<EOF /$WHERE\n$NPM_TOKEN\nEOF\n';
const CHANGED = { WHERE: 'there' };

test('a list costs two requests when there is a miss, and nothing when there is none; branches keep each other’s builds', async (t) => {
  const bench = await cacheBench(t);
  const { build } = await prepared(bench, COPIES);
  const { proxy } = bench;
  const asked = () => proxy.exchanges.filter(({ path }) => isList(path)).map(({ method }) => method);
  proxy.clear();
  await build('hits');
  t.deepEqual(asked(), []);

  const reads = { cache: { from: [bench.place] } };
  await build('reads', COPIES, CHANGED, reads);
  t.deepEqual(asked(), ['GET']);
  const from = proxy.exchanges.findIndex(({ path }) => isList(path));
  t.is(proxy.exchanges.length - from, 2);
  proxy.clear();
  await build('uncached', COPIES, {}, { ...reads, useCache: false });
  t.deepEqual(asked(), []);

  // A build in between does not take the nearer one away.
  await build('branch', COPIES.replace('NPM_TOKEN\nEOF', 'NPM_TOKEN of a branch\nEOF'), { WHERE: 'branch' });
  const told = await build('again', COPIES, { WHERE: 'elsewhere' });
  t.deepEqual(
    told.explanation.steps[1]!.causes.map((cause) => 'name' in cause && cause.name),
    ['dest'],
  );
});

test('whatever stands in the place of a list costs the explanation only', async (t) => {
  const bench = await cacheBench(t);
  const { proxy } = bench;
  const { build } = await prepared(bench, COPIES);
  const reads = { cache: { from: [bench.place] } };
  const damaged = async (name: string, change: NonNullable<typeof proxy.change>) => {
    proxy.change = change;
    const told = await build(name, COPIES, CHANGED, reads);
    proxy.change = undefined;
    t.deepEqual(kinds(told), ['hit step-key', 'miss  no-history'], name);
  };
  /** Another blob in the list's place, with a record that fits it. */
  const replaced = (name: string, bytes: Buffer, size = bytes.length) => {
    const digest = digestOf(bytes);
    return damaged(name, (path, body) => {
      if (!isList(path)) return path.endsWith(digest) ? bytes : body;
      const manifest = JSON.parse(body.toString()) as { layers: unknown[]; annotations: Record<string, string> };
      const record = JSON.parse(manifest.annotations['vnd.varve.record']!) as { builds: object };
      record.builds = { ...record.builds, digest, size };
      const text = JSON.stringify(record);
      const annotations = { 'vnd.varve.record': text, 'vnd.varve.record.digest': digestOf(text) };
      return Buffer.from(JSON.stringify({ ...manifest, annotations, layers: [record.builds] }));
    });
  };
  await damaged('flipped manifest', (path, body) =>
    isList(path) ? Buffer.from(body.map((byte, i) => (i === body.length - 99 ? byte ^ 1 : byte))) : body,
  );
  await damaged('not a record', (path, body) => (isList(path) ? Buffer.from('{}') : body));
  await replaced('too large', Buffer.from('x'), SHARED_BUILDS_BYTES + 1);
  await replaced('nonsense', Buffer.from('x'));
  const ttl = await build('ttl', COPIES, CHANGED, { cache: { from: [bench.place], ttlMs: 0 } });
  t.deepEqual(kinds(ttl), ['miss  too-old', 'miss  no-history']);
  const signer = createRecordSigner(Buffer.from('a secret of some length'));
  const signed = await build('signed', COPIES, CHANGED, { cache: { from: [bench.place], signer } });
  t.deepEqual(kinds(signed), ['miss  wrong-signature', 'miss  no-history']);
});

test('bytes that are no list, bombs among them, are refused', async (t) => {
  const key = digestOf('key');
  const list = (value: unknown) => zstdCompressSync(JSON.stringify(value));
  const empty = { builds: [], inputs: {}, taken: {}, lines: {} };
  t.deepEqual((await decodeSharedBuilds(list(empty))).builds, []);
  const repeated = { piece: 'x'.repeat(1024 * 1024) };
  const pieces = Array.from({ length: 40 }, () => 'piece');
  for (const [name, bytes] of Object.entries({
    'not zstd': Buffer.from('{}'),
    'not JSON': zstdCompressSync('{'),
    'another version': list({ ...empty, more: 1 }),
    bomb: zstdCompressSync(Buffer.alloc(64 * 1024 * 1024, ' ')),
    'a list of one piece, many times': list({
      ...empty,
      lines: repeated,
      inputs: { [key]: [['file', { count: 1, pieces }]] },
    }),
    'a piece that is not there': list({ ...empty, inputs: { [key]: [['file', { count: 1, pieces: ['gone'] }]] } }),
    'a command that is none': list({ ...empty, inputs: { [key]: [['argv', 'rm -rf']] } }),
    'a mount that is none': list({ ...empty, inputs: { [key]: [['mount', 'null']] } }),
    'too many builds': list({ ...empty, builds: Array.from({ length: 9 }, () => ({})) }),
  }))
    await t.throwsAsync(decodeSharedBuilds(bytes), undefined, name);
});

test('a list that is too large tells less, not nothing', async (t) => {
  const [large, small] = [digestOf('large'), digestOf('small')];
  const files = Array.from({ length: 40_000 }, (): Input => ['file', randomBytes(128).toString('hex')]);
  const inputs = new Map<Digest, Input[]>([
    [large, files],
    [small, [['path', '/a']]],
  ]);
  const bytes = await encodeSharedBuilds({ builds: [], taken: new Map(), inputs });
  t.true(bytes!.length <= SHARED_BUILDS_BYTES);
  t.deepEqual([...(await decodeSharedBuilds(bytes!)).inputs], [[small, [['path', '/a']]]]);
});
