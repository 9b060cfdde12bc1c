import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { startCluster } from '../../support/cluster.ts';
import { startRecordingProxy } from '../../support/recording-proxy.ts';
import { startRegistry } from '../../support/registry.ts';
import { type CliBench, cliBench, type Outcome, VARVE } from '../support/cli-bench.ts';

/** Two targets, of which one stands on the other, with what a Job has to be given. */
function bakeFiles(bench: CliBench, host: string, base: string): string {
  bench.directory('shared', {
    Dockerfile: `FROM ${base}\nCOPY . /shared\n`,
    '.dockerignore': 'hidden\n',
    hidden: '',
    file: 'file',
  });
  bench.directory('more', { more: '$(HOME) is more\n' });
  bench.directory('app', {
    'other.Dockerfile': `FROM shared
ARG TEXT
RUN --mount=type=secret,id=token echo "a line of $TEXT" && sha256sum /run/secrets/token >/sum
COPY --from=more more /more
COPY app /app
`,
    app: 'app',
  });
  const directory = bench.directory('bake', {
    'docker-bake.hcl': `
target "shared" {
  context = "${bench.path}/shared"
}
target "app" {
  context = "${bench.path}/app"
  dockerfile = "other.Dockerfile"
  contexts = { shared = "target:shared", more = "${bench.path}/more" }
  args = { TEXT = "$(HOME) $$ text" }
  secret = ["id=token,src=${bench.path}/token"]
  tags = ["${host}/app:1"]
}
`,
  });
  bench.directory('.', { token: 'the-secret-value\n' });
  return join(directory, 'docker-bake.hcl');
}

async function sendBase(t: ExecutionContext, bench: CliBench, name: string): Promise<void> {
  const directory = bench.directory('base', {
    Dockerfile:
      'FROM scratch\nCOPY --chmod=755 busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n',
  });
  copyFileSync('/usr/bin/busybox', join(directory, 'busybox'));
  const host = name.slice(0, name.indexOf('/'));
  succeed(t, await bench.here('build', '--push', '--insecure-registry', host, '-t', name, directory));
}

/** What `--progress json` says of each target at the end. */
function totalsOf({ stderr }: Outcome): Readonly<Record<string, { readonly status: string }>> {
  const [line] = stderr.split('\n').filter((each) => each.startsWith('{"type":"bake-end"'));
  const { targets } = JSON.parse(line!) as { targets: readonly { readonly name: string; readonly status: string }[] };
  return Object.fromEntries(targets.map((target) => [target.name, target]));
}

function succeed(t: ExecutionContext, outcome: Outcome): Outcome {
  if (outcome.code !== 0) t.fail(outcome.stderr + outcome.stdout);
  return outcome;
}

test.serial('targets are built by Jobs as they are here, whatever becomes of connections and of a pod', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  const registry = await startRegistry();
  t.teardown(() => registry.stop());
  await using proxy = await startRecordingProxy(registry.host);
  const { host } = proxy;
  const base = `${host}/base:1`;
  await sendBase(t, bench, base);
  const file = bakeFiles(bench, host, base);
  const secrets = { tokens: { token: 'the-secret-value\n' }, registry: { '.dockerconfigjson': '{"auths":{}}' } };
  await using cluster = await startCluster(VARVE, secrets, {
    refuseJobs: [429, 500],
    loseAnswers: 1,
    cutWatches: 2,
    goneWatches: 1,
    cutLogs: [0, 2, 3, 1],
  });
  cluster.evictOnce(/^varve-shared-/);
  const metadata = join(bench.path, 'metadata.json');
  const flags = [
    ...['-f', file, '--push', '--insecure-registry', host, '--cache-repo', `${host}/cache`, '--progress', 'json'],
    ...['--metadata-file', metadata],
  ];
  const there = [
    ...['--on', 'kubernetes', '--kube-image', 'example/varve:1', '--kube-secret', 'token=tokens/token'],
    ...['--kube-registry-secret', 'registry', '--kube-service-account', 'builder'],
  ];
  const kube = bench.with({ KUBECONFIG: cluster.kubeconfig });
  const first = succeed(t, await kube.here('bake', ...flags, ...there, 'app'));

  // Each line once, in order, with its target's name.
  const events = first.stderr
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, string>] : []));
  const logs = events.filter(({ type }) => type === 'step-log').map(({ id, data }) => `${id} ${data}`);
  t.deepEqual(logs, ['app/0.1 a line of $(HOME) $$ text\n']);
  t.regex(first.stderr, /shared: the pod of varve-shared-\w+-1 was taken away \(TerminationByKubelet\)/);
  t.is(totalsOf(first).app?.status, 'built');
  t.is(events.filter(({ type }) => type === 'build-end').length, 1);

  // The first Job was evicted, and all that are done are deleted with their pods.
  t.deepEqual(
    cluster.posted.map(({ metadata }) => metadata!.name!.replace(/-[0-9a-f]{8}-/, '-')),
    ['varve-shared-1', 'varve-shared-2', 'varve-app-1'],
  );
  t.deepEqual(cluster.jobs(), []);
  t.deepEqual(
    cluster.deletions.map(({ propagation }) => propagation),
    ['Background', 'Background', 'Background'],
  );
  t.true(cluster.counts.lists >= 2 && cluster.counts.logs >= 4);
  t.notRegex(JSON.stringify(cluster.posted), /the-secret-value/);
  const pod = cluster.posted[2]!.spec!.template.spec!;
  t.like(pod, { serviceAccountName: 'builder', restartPolicy: 'Never', automountServiceAccountToken: false });
  t.deepEqual(pod.containers[0]!.image, 'example/varve:1');

  // What came of it is what a bake here makes, and its steps are hits there.
  const made = JSON.parse(readFileSync(metadata, 'utf8')) as Record<string, Record<string, string>>;
  t.deepEqual(Object.keys(made).sort(), ['app', 'shared']);
  t.is(made.app!['image.name'], `${host}/app:1`);
  const answer = await fetch(`http://${host}/v2/app/manifests/1`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  t.is(answer.headers.get('docker-content-digest'), made.app!['containerimage.digest'] ?? '');
  const here = succeed(t, await bench.here('bake', ...flags, 'app'));
  t.is(totalsOf(here).shared?.status, 'hit');

  // Nothing is sent again that is there.
  proxy.clear();
  const again = succeed(t, await kube.here('bake', ...flags, ...there, 'app'));
  t.is(totalsOf(again).app?.status, 'hit');
  t.deepEqual(
    proxy.exchanges.filter(({ method, path }) => method === 'PUT' && /(context|dockerfile)-/.test(path)),
    [],
  );
});

test.serial(
  'a target that fails is not tried again, and only what needs it is left out; Ctrl-C deletes the Jobs',
  async (t) => {
    t.timeout(600_000);
    const bench = cliBench(t);
    await using registry = await startRegistry();
    const { host } = registry;
    const base = `${host}/base:1`;
    await sendBase(t, bench, base);
    const inline = (text: string): string => `dockerfile-inline = ${JSON.stringify(`FROM ${base}\n${text}\n`)}`;
    const directory = bench.directory('bake', {
      'docker-bake.hcl': `
target "bad" { ${''}
  ${inline('RUN echo no good; exit 7')}
}
target "needs" {
  contexts = { bad = "target:bad" }
  dockerfile-inline = "FROM bad"
}
target "good" {
  ${inline('RUN true')}
}
target "slow" {
  ${inline('RUN echo it sleeps; sleep 600')}
}
`,
    });
    await using cluster = await startCluster(VARVE);
    const flags = [
      ...['-f', join(directory, 'docker-bake.hcl'), '--insecure-registry', host, '--cache-repo', `${host}/cache`],
      ...['--set', `*.context=${bench.directory('empty', { a: '' })}`, '--on', 'kubernetes', '--kube-image', 'varve:1'],
    ];
    const metadata = join(bench.path, 'metadata.json');
    const kube = bench.with({ KUBECONFIG: cluster.kubeconfig });
    const going = ['--keep-going', '--metadata-file', metadata];
    const failed = await kube.here('bake', ...flags, ...going, 'needs', 'good');
    t.is(failed.code, 7);
    t.regex(failed.stderr, /^bad +failed.*exit code 7|^bad +failed/m);
    t.regex(failed.stderr, /^needs +skipped +it needs bad$/m);
    t.regex(failed.stderr, /^good +built/m);
    t.regex(failed.stderr, /^varve: target bad: dockerfile-inline:2|^varve: target bad: /m);
    t.regex(failed.stderr, /no good/);
    t.deepEqual(Object.keys(JSON.parse(readFileSync(metadata, 'utf8')) as object), ['good']);
    // The Job that failed can be looked at.
    t.deepEqual(
      cluster.jobs().map((name) => name.replace(/-[0-9a-f]{8}-/, '-')),
      ['varve-bad-1'],
    );
    t.is(cluster.posted.length, 2);

    const { child, ended } = kube.start('bake', ...flags, 'slow');
    await cluster.written(/"data":"it sleeps/);
    child.kill('SIGINT');
    t.is((await ended).code, 130);
    t.deepEqual(cluster.jobs().length, 1);
    t.is(cluster.deletions.at(-1)!.propagation, 'Background');
  },
);

const REFUSED: readonly (readonly [about: string, flags: readonly string[], message: RegExp])[] = [
  ['a place for contexts', ['--on', 'kubernetes', '--kube-image', 'i'], /--on kubernetes needs --cache-repo/],
  ['a cache that is a directory', ['--on', 'kubernetes', '--cache-repo', 'oci:dir'], /cannot be used by Jobs/],
  ['an image', ['--on', 'kubernetes', '--cache-repo', 'h:1/c'], /needs --kube-image/],
  ['a flag of a cluster alone', ['--kube-namespace', 'n'], /--kube-namespace is for --on kubernetes/],
  ['a secret in clear', ['--set', 'app.secrets=id=token,src=token'], /the secret token is not passed to a cluster/],
  ['an agent', ['--set', 'app.ssh=default=key'], /ssh is not given to a Job/],
  ['a directory here', ['--set', 'app.output=type=local,dest=out'], /output type=local would stay in the Job/],
  ['a cache here', ['--set', 'app.cache-from=type=local,src=dir'], /cache-from of type=local is a directory/],
];
for (const [about, more, message] of REFUSED)
  test.serial(`refused by name: ${about}`, async (t) => {
    const bench = cliBench(t);
    const directory = bench.directory('bake', { 'docker-bake.hcl': 'target "app" {}', Dockerfile: 'FROM scratch\n' });
    const there = ['--on', 'kubernetes', '--cache-repo', 'h:1/c', '--kube-image', 'i'];
    const flags = more[0] === '--set' ? [...there, ...more, '--allow', 'fs=*', '--allow', 'ssh'] : more;
    const { code, stderr } = await bench.here(
      ...['bake', '-f', join(directory, 'docker-bake.hcl'), '--set', `app.context=${directory}`, ...flags, 'app'],
    );
    t.is(code, 2, stderr);
    t.regex(stderr, message);
  });
