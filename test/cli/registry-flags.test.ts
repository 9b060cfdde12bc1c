import test, { type ExecutionContext } from 'ava';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';
import { createProgram } from '../../src/cli/program.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { pushImage } from '../../src/registry/push-image.ts';
import { makeAuthority } from '../support/certificates.ts';
import { startFake } from '../support/fake-registry.ts';
import { startForwardProxy } from '../support/forward-proxy.ts';
import { startRegistry } from '../support/registry.ts';
import { testClient } from '../support/registry-client.ts';
import { sampleImage } from '../support/sample-image.ts';
import { cliBench } from './support/cli-bench.ts';

/** `varve build` in this process, which has the environment to itself: what it fails with, or undefined. */
async function build(t: ExecutionContext, env: Readonly<Record<string, string>> = {}) {
  const bench = cliBench(t);
  const before = { ...process.env };
  t.teardown(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']) delete process.env[name];
  Object.assign(process.env, env);
  return async (from: string, ...flags: readonly string[]): Promise<Error | undefined> => {
    const context = bench.directory('context', { Dockerfile: `FROM ${from}\nLABEL a=b\n` });
    const program = await createProgram(new AbortController().signal, 'build');
    const output = flags.includes('--push') ? [] : ['--output', 'type=cacheonly'];
    const words = ['--store', bench.store, '--progress', 'quiet', '--pull', ...output, ...flags, context];
    return program.parseAsync(['build', ...words], { from: 'user' }).then(
      () => undefined,
      (error: Error) => error,
    );
  };
}

test.serial('certificates, and how far they are checked, for pulls and pushes', async (t) => {
  using temp = temporaryDirectory('varve-flags');
  using elsewhere = temporaryDirectory('varve-flags');
  const authority = await makeAuthority(temp.path);
  const stranger = await makeAuthority(elsewhere.path);
  const [server, { cert, key }] = await Promise.all([authority.issue('server'), authority.issue('client')]);
  await using registry = await startRegistry({ tls: { ...server, clientCa: authority.ca } });
  const { host } = registry;
  const image = await sampleImage(['base']);
  const certificates = new Map([[host, authority.ca]]);
  await using client = testClient({ certificates, clientCertificates: new Map([[host, { cert, key }]]) });
  const names = ['lib/base:1', 'mirror/library/base:1', 'map/team/base:1'];
  await pushImage(
    client,
    image,
    names.map((name) => parseReference(`${host}/${name}`)),
  );
  const run = await build(t);
  const mine = ['--registry-client-cert', `${host}=${cert},${key}`];
  const trusted = ['--registry-certificate', `${host}=${authority.ca}`];
  const wrong = ['--registry-certificate', `${host}=${stranger.ca}`];
  const untrusted = /no safe connection to 127\.0\.0\.1:\d+: .*(certificate|signature)/;
  const rows: readonly (readonly [flags: readonly string[], pull: RegExp | undefined, push: RegExp | undefined])[] = [
    [[], /answered 400/, /answered 400/],
    [trusted, /no (safe )?connection|certificate/, /no (safe )?connection|certificate/],
    [[...trusted, ...mine], undefined, undefined],
    [[...wrong, ...mine], untrusted, untrusted],
    [[...wrong, ...mine, '--skip-tls-verify-pull'], undefined, untrusted],
    [[...wrong, ...mine, '--skip-tls-verify'], undefined, undefined],
    [[...wrong, ...mine, '--skip-tls-verify-registry', '127.0.0.1'], undefined, undefined],
    [[...wrong, ...mine, '--skip-tls-verify-registry', 'other.example'], untrusted, untrusted],
    [[...mine, '--insecure-registry', host], undefined, undefined],
  ];
  for (const [i, [flags, pull, push]] of rows.entries()) {
    const what = flags.join(' ').replaceAll(temp.path, '');
    const pulled = await run(`${host}/lib/base:1`, '--retries', '0', ...flags);
    if (pull) t.regex(pulled?.message ?? 'pulled', pull, what);
    else t.is(pulled, undefined, what);
    const name = `${host}/app:${i}`;
    const pushed = await run('scratch', '--retries', '0', '--push', '--tag', name, ...flags);
    if (push) t.regex(pushed?.message ?? 'pushed', push, what);
    else t.is(pushed, undefined, what);
    t.is((await client.headManifest(parseReference(name))) === undefined, push !== undefined, what);
  }

  const reached = [...trusted, ...mine, '--retries', '0'];
  t.is(await run('base:1', ...reached, '--registry-mirror', `${host}/mirror`), undefined);
  const map = ['--registry-map', `nowhere.invalid=${host}/map`];
  t.is(await run('nowhere.invalid/team/base:1', ...reached, ...map), undefined);
  const fallback = await run('nowhere.invalid/team/absent:1', ...reached, ...map);
  t.regex(fallback?.message ?? '', /nowhere\.invalid/);
  const none = await run('nowhere.invalid/team/absent:1', ...reached, ...map, '--skip-default-registry-fallback');
  t.regex(none?.message ?? '', new RegExp(`${host} answered 404`));
  process.env.KANIKO_REGISTRY_MAP = `nowhere.invalid=${host}/map`;
  t.is(await run('nowhere.invalid/team/base:1', ...reached), undefined);
});

test.serial('registries that speak HTTP, for pulls and for pushes; how often is tried', async (t) => {
  await using registry = await startRegistry();
  const name = 'plain.example:5000';
  await using proxy = await startForwardProxy({ [name]: registry.host });
  await using client = testClient();
  await pushImage(client, await sampleImage(['base']), [parseReference(`${registry.host}/base:1`)]);
  const run = await build(t, { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: '' });
  const once = ['--retries', '0'];
  const push = ['--push', '--tag', `${name}/app:1`];
  t.truthy(await run(`${name}/base:1`, ...once));
  t.truthy(await run(`${name}/base:1`, ...once, '--insecure'));
  t.is(await run(`${name}/base:1`, ...once, '--insecure-pull'), undefined);
  t.truthy(await run('scratch', ...once, ...push, '--insecure-pull'));
  t.is(await run('scratch', ...once, ...push, '--insecure'), undefined);
  const output = `type=registry,name=${name}/app:2,registry.insecure`;
  t.truthy(await run('scratch', ...once, '--output', `${output}=false`));
  t.is(await run('scratch', ...once, '--output', `${output}=true`), undefined);
  t.truthy(await run(`${name}/base:1`, ...once, '--output', `${output}=true`));
  t.is(await run(`${name}/base:1`, ...once, '--insecure-registry', 'plain.example', ...push), undefined);

  await using failing = await startFake((_, response) => void response.writeHead(503).end());
  for (const retries of [0, 1]) {
    failing.requests.length = 0;
    const error = await run(`${failing.host}/base:1`, '--retries', String(retries));
    t.regex(error?.message ?? '', /answered 503/);
    t.is(failing.requests.filter((request) => request === failing.requests[0]).length, retries + 1);
  }
});
