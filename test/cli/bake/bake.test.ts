import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { progressLineSchema } from '../../../src/build/progress-schema.ts';
import { type RecordedExchange, type RecordingProxy, startRecordingProxy } from '../../support/recording-proxy.ts';
import { startRegistry } from '../../support/registry.ts';
import { type CliBench, cliBench, type Outcome } from '../support/cli-bench.ts';

const TARGETS = ['api', 'web', 'mail', 'jobs'];

/** Every target has the first RUN, and one of its own; each tells a cache mount that it ran. */
const DOCKERFILE = (base: string): string => `FROM ${base}
COPY shared /shared
RUN --mount=type=cache,id=counts,target=/counts echo ran >>/counts/common
ARG NAME
RUN --mount=type=cache,id=counts,target=/counts echo ran >>/counts/$NAME && echo $NAME >/name
`;

interface Given {
  readonly context: string;
  /** Before each target's name. */
  readonly repository: string;
  /** HCL besides. */
  readonly more?: string;
}

function bakeFile(bench: CliBench, { context, repository, more = '' }: Given): string {
  const targets = TARGETS.map(
    (name) => `target "${name}" {
  context = "${context}"
  args = { NAME = "${name}" }
  tags = ["${repository}/${name}:1"]
}`,
  );
  const group = `group "default" { targets = ${JSON.stringify(TARGETS)} }`;
  return join(bench.directory('bake', { 'docker-bake.hcl': [group, ...targets, more].join('\n') }), 'docker-bake.hcl');
}

function context(bench: CliBench, base: string, name = 'context'): string {
  return bench.directory(name, { Dockerfile: DOCKERFILE(base), shared: 'shared\n' });
}

/** Sends a base image that has a shell. */
async function sendBase(t: ExecutionContext, bench: CliBench, name: string): Promise<void> {
  const directory = bench.directory('base', { Dockerfile: 'FROM scratch\nCOPY --chmod=755 busybox /bin/sh\n' });
  copyFileSync('/usr/bin/busybox', join(directory, 'busybox'));
  const host = name.slice(0, name.indexOf('/'));
  succeed(t, await bench.here('build', '--push', '--insecure-registry', host, '-t', name, directory));
}

function succeed(t: ExecutionContext, { code, stderr, stdout }: Outcome): Outcome {
  if (code !== 0) t.fail(stderr + stdout);
  return { code, stderr, stdout, signal: null };
}

/** How often the steps ran, as they told the cache mount. */
function counts(bench: CliBench): Readonly<Record<string, number>> {
  const mounts = join(bench.store, 'v1/mounts');
  const caches = readdirSync(mounts, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  if (caches.length !== 1) throw new Error(`one cache mount, not ${caches.length}`);
  const data = join(mounts, caches[0]!.name, 'data');
  const lines = (name: string): number => readFileSync(join(data, name), 'utf8').trimEnd().split('\n').length;
  return Object.fromEntries(readdirSync(data).map((name) => [name, lines(name)]));
}

interface World extends AsyncDisposable {
  readonly bench: CliBench;
  readonly proxy: RecordingProxy;
  /** Before each name. */
  readonly host: string;
  readonly base: string;
}

async function world(t: ExecutionContext): Promise<World> {
  t.timeout(600_000);
  const bench = cliBench(t);
  const registry = await startRegistry();
  const proxy = await startRecordingProxy(registry.host);
  const base = `${proxy.host}/base:1`;
  await sendBase(t, bench, base);
  proxy.clear();
  const end = async (): Promise<void> => {
    await proxy[Symbol.asyncDispose]();
    await registry.stop();
  };
  return { bench, proxy, host: proxy.host, base, [Symbol.asyncDispose]: end };
}

test.serial(
  'targets of one bake: their context is scanned once, their base asked for once, equal steps run once',
  async (t) => {
    await using made = await world(t);
    const { bench, proxy, host, base } = made;
    const file = bakeFile(bench, { context: context(bench, base), repository: host });
    const metadata = join(bench.path, 'metadata.json');
    const flags = ['-f', file, '--push', '--insecure-registry', host, '--metadata-file', metadata];
    const bake = (...more: string[]) => bench.here('bake', ...flags, '--progress', 'json', '--pull', ...more);
    const { stderr } = succeed(t, await bake());
    const events = stderr
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as { type: string }] : []));
    t.is(events.filter(({ type }) => type === 'context-read').length, 1);
    const asked = () => proxy.exchanges.filter(({ path }) => /\/base\/manifests\//.test(path));
    const heads = asked().filter(({ method }) => method === 'HEAD').length;
    t.is(heads, 1);
    t.deepEqual(counts(bench), { common: 1, api: 1, web: 1, mail: 1, jobs: 1 });
    const digests = JSON.parse(readFileSync(metadata, 'utf8')) as Record<string, Record<string, string>>;
    t.deepEqual(Object.keys(digests).sort(), [...TARGETS].sort());
    for (const name of TARGETS) {
      t.is(digests[name]!['image.name'], `${host}/${name}:1`);
      const answer = await fetch(`http://${host}/v2/${name}/manifests/1`, {
        headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
      });
      t.is(answer.headers.get('docker-content-digest'), digests[name]!['containerimage.digest'] ?? '');
    }

    // Nothing has changed: nothing runs and nothing is sent.
    proxy.clear();
    const again = succeed(t, await bake());
    // The summary is a line like all others.
    const lines = again.stderr.trimEnd().split('\n');
    const totals = lines
      .map((line) => progressLineSchema.parse(JSON.parse(line)))
      .find(({ type }) => type === 'bake-end');
    t.deepEqual(
      totals?.type === 'bake-end' && totals.targets.map(({ name, status, done }) => `${name} ${status} ${done}`).sort(),
      TARGETS.map((name) => `${name} hit 0`).sort(),
    );
    t.deepEqual(counts(bench), { common: 1, api: 1, web: 1, mail: 1, jobs: 1 });
    // Who may push is asked by an upload that is given up.
    const isQuestion = ({ path }: RecordedExchange): boolean => path.includes('/blobs/uploads/');
    const changes = proxy.exchanges.filter(({ method }) => !['GET', 'HEAD'].includes(method));
    t.deepEqual(
      changes.filter((each) => each.sent > 0 || !isQuestion(each)),
      [],
    );
    t.is(asked().length, 1);

    const read = ['-f', file, '--insecure-registry', host];
    const affected = async (...more: string[]) => succeed(t, await bench.here('bake', ...read, ...more)).stdout;
    t.deepEqual(
      (await affected('--affected')).trimEnd().split('\n').sort(),
      TARGETS.map((name) => `${name}: unchanged`).sort(),
    );
    // One target's own step, and one target's configuration.
    const other = ['--set', 'api.args.NAME=other', '--set', 'web.labels.a=b'];
    t.regex(
      await affected('--affected', ...other),
      /^api: changed: 1 step would run\n.* RUN .*\n +ARG NAME changed: api → other$/m,
    );
    const json = JSON.parse(await affected('--affected=json', ...other)) as {
      target: Record<string, { status: string }>;
    };
    t.deepEqual(Object.fromEntries(Object.entries(json.target).map(([name, { status }]) => [name, status])), {
      api: 'changed',
      web: 'config',
      mail: 'unchanged',
      jobs: 'unchanged',
    });
    // What all of them read.
    writeFileSync(join(bench.path, 'context/shared'), 'other\n');
    const all = await affected('--affected');
    for (const name of TARGETS)
      t.regex(
        all,
        new RegExp(`^${name}: changed: 3 steps would run\\n.* COPY .*\\n +1 file with other content: shared$`, 'm'),
      );
    t.deepEqual(counts(bench), { common: 1, api: 1, web: 1, mail: 1, jobs: 1 });
  },
);

test.serial('four processes on one store do each step once', async (t) => {
  await using made = await world(t);
  const { bench, host, base } = made;
  const file = bakeFile(bench, { context: context(bench, base), repository: host });
  const flags = ['-f', file, '--insecure-registry', host, '--set', '*.tags='];
  const outcomes = await Promise.all([1, 2, 3, 4].map(() => bench.varve('bake', ...flags)));
  for (const outcome of outcomes) succeed(t, outcome);
  t.deepEqual(counts(bench), { common: 1, api: 1, web: 1, mail: 1, jobs: 1 });
});

test.serial('a target that fails: the rest is given up, or with --keep-going only what depends on it', async (t) => {
  await using made = await world(t);
  const { bench, host, base, proxy } = made;
  const bad = bench.directory('bad', { Dockerfile: `FROM ${base}\nRUN echo early >/early\nRUN exit 7\n` });
  const above = bench.directory('above', { Dockerfile: 'FROM bad\nRUN true\n' });
  const more = `target "bad" { context = "${bad}" }
target "above" {
  context = "${above}"
  contexts = { bad = "target:bad" }
}`;
  const file = bakeFile(bench, { context: context(bench, base), repository: host, more });
  const metadata = join(bench.path, 'metadata.json');
  const flags = ['-f', file, '--insecure-registry', host, '--metadata-file', metadata, 'api', 'above'];
  const pushed = ['bad', '--set', `bad.tags=${host}/bad:1`, '--set', 'bad.output=type=registry'];
  const kept = await bench.here('bake', '--keep-going', ...flags, ...pushed);
  t.is(kept.code, 7);
  // Its first layer went to the registry before the second step failed.
  t.true(proxy.exchanges.some(({ path, sent }) => path.startsWith('/v2/bad/blobs/uploads/') && sent > 0));
  t.regex(kept.stderr, /^api +built/m);
  t.regex(kept.stderr, /^bad +failed/m);
  t.regex(kept.stderr, /^above +skipped .*it needs bad/m);
  t.deepEqual(Object.keys(JSON.parse(readFileSync(metadata, 'utf8')) as object), ['api']);

  rmSync(metadata);
  const givenUp = await bench.here('bake', ...flags);
  t.is(givenUp.code, 7);
  t.regex(givenUp.stderr, /^above +skipped/m);
  t.false(existsSync(metadata));
});

test.serial('--check asks no registry for the image of another target, and says nothing of it', async (t) => {
  await using made = await world(t);
  const { bench, proxy, host, base } = made;
  const above = bench.directory('above', { Dockerfile: 'FROM api\nCOPY --from=api /name /copy\n' });
  const more = `target "above" {
  context = "${above}"
  contexts = { api = "target:api" }
}`;
  const file = bakeFile(bench, { context: context(bench, base), repository: host, more });
  const { stderr, stdout } = succeed(
    t,
    await bench.here('bake', '--check', '-f', file, '--insecure-registry', host, 'above'),
  );
  t.notRegex(stderr, /not known|failed to resolve/);
  t.regex(stdout, /^above\n/m);
  t.deepEqual(
    proxy.exchanges.filter(({ path }) => !path.includes('/base/') && path !== '/v2/'),
    [],
  );
});
