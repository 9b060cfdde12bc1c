import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';
import { registryCredentials } from '../../src/cli/registry-credentials.ts';
import { fixedClock } from '../../src/io/clock.ts';
import { silentLog } from '../../src/io/log.ts';
import { defaultRetryPolicy } from '../../src/io/retry.ts';
import type { Environment } from '../../src/registry/cloud-request.ts';
import { createHelperRunner, createHelperStore } from '../../src/registry/credential-helper.ts';
import type { Credential } from '../../src/registry/credential-source.ts';
import { configCredentials } from '../../src/registry/credentials.ts';
import { configText } from '../../src/registry/docker-config.ts';
import { createLoginConfig } from '../../src/registry/login-config.ts';

const auth = (user: string, password: string) => ({ auth: Buffer.from(`${user}:${password}`).toString('base64') });
const password = (username: string, secret: string): Credential => ({ kind: 'password', username, password: secret });

/** A helper that keeps what it is given in files of `dir`, named by server. */
function installHelper(dir: string, name: string): Environment {
  const script = `#!/bin/sh
dir=${JSON.stringify(join(dir, `${name}-kept`))}
mkdir -p "$dir"
case $1 in
get) read -r server; f="$dir/$(echo "$server" | tr / _)"; [ -f "$f" ] && cat "$f" || { echo "credentials not found in native keychain"; exit 1; } ;;
store) input=$(cat); server=$(echo "$input" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/'); echo "$input" >"$dir/$(echo "$server" | tr / _)" ;;
erase) rm -f "$dir/$(tr / _)" ;;
esac
`;
  writeFileSync(join(dir, `docker-credential-${name}`), script);
  chmodSync(join(dir, `docker-credential-${name}`), 0o755);
  return { PATH: `${dir}:${process.env.PATH}` };
}

const CONFIG = JSON.stringify({
  auths: {
    'https://index.docker.io/v1/': auth('hub', 'p:w'),
    'host.test:5000': auth('host', 'h'),
    'host.test:5000/team': auth('team', 't'),
    'host.test:5000/team/app': { username: 'app', password: 'a' },
    'https://other.test/v2/': { identitytoken: 'refresh' },
    'bearer.test': { registrytoken: 'bearer' },
    'empty.test': {},
  },
});

const ENTRIES: readonly [registry: string, repository: string, expected: Credential | undefined][] = [
  ['docker.io', 'library/debian', password('hub', 'p:w')],
  ['host.test:5000', 'app', password('host', 'h')],
  ['host.test:5000', 'teamwork/app', password('host', 'h')],
  ['host.test:5000', 'team/other', password('team', 't')],
  ['host.test:5000', 'team/app', password('app', 'a')],
  ['host.test:5000', 'team/app/deep', password('app', 'a')],
  ['host.test', 'team/app', undefined],
  ['other.test', 'x', { kind: 'identity-token', token: 'refresh' }],
  ['bearer.test', 'x', { kind: 'registry-token', token: 'bearer' }],
  ['empty.test', 'x', undefined],
];

for (const [registry, repository, expected] of ENTRIES) {
  test(`config.json: ${registry}/${repository}`, async (t) => {
    const source = configCredentials({
      configs: [configText('test', CONFIG)],
      runHelper: async () => undefined,
      log: silentLog,
    });
    t.deepEqual(await source.credential({ registry, repository }), expected);
  });
}

test('what a variable or file holds is in no message', async (t) => {
  for (const text of ['{"auths": hunter2', '{"auths":{"h":{"auth":7777777}}}']) {
    const source = configCredentials({
      configs: [configText('DOCKER_AUTH_CONFIG', text)],
      runHelper: async () => undefined,
      log: silentLog,
    });
    const error = await t.throwsAsync(source.credential({ registry: 'h', repository: 'x' }), {
      code: 'REGISTRY_CREDENTIALS',
    });
    t.regex(error.message, /^DOCKER_AUTH_CONFIG /);
    t.notRegex(error.message, /hunter2|7777777/);
  }
});

test('helpers: a registry of its own before the common one before the file; one that fails is a warning', async (t) => {
  using temp = temporaryDirectory('varve-helper');
  const env = installHelper(temp.path, 'own');
  installHelper(temp.path, 'common');
  const store = createHelperStore({ env });
  await store.store('own', 'own.test', 'me', 'own-secret');
  await store.store('own', 'host.test/team', '<token>', 'team-token');
  await store.store('common', 'common.test', 'you', 'common-secret');
  await store.store('common', 'https://index.docker.io/v1/', 'hub', 'hub-secret');
  const warnings: string[] = [];
  const config = {
    credsStore: 'common',
    credHelpers: { 'own.test': 'own', 'host.test/team': 'own', 'broken.test': 'absent', 'odd.test': '../sh' },
    auths: { 'file.test': auth('file', 'f'), 'broken.test': auth('broken', 'b') },
  };
  const source = configCredentials({
    configs: [configText('test', JSON.stringify(config))],
    runHelper: createHelperRunner({ env }),
    log: { ...silentLog, warn: (text) => void warnings.push(text) },
  });
  const of = (registry: string, repository = 'x') => source.credential({ registry, repository });
  t.deepEqual(await of('own.test'), password('me', 'own-secret'));
  t.deepEqual(await of('host.test', 'team/app'), { kind: 'identity-token', token: 'team-token' });
  t.deepEqual(await of('common.test'), password('you', 'common-secret'));
  t.deepEqual(await of('docker.io'), password('hub', 'hub-secret'));
  t.deepEqual(await of('file.test'), password('file', 'f'));
  t.is(await of('nothing.test'), undefined);
  t.deepEqual(warnings, []);
  t.deepEqual(await of('broken.test'), password('broken', 'b'));
  t.is(await of('odd.test'), undefined);
  t.deepEqual(warnings, [
    'no credentials for broken.test: docker-credential-absent is not in PATH',
    'no credentials for odd.test: "../sh" cannot name a credential helper',
  ]);
  await store.erase('own', 'own.test');
  t.is(await of('own.test'), undefined);
});

test('a helper that never answers is ended', async (t) => {
  using temp = temporaryDirectory('varve-helper');
  writeFileSync(join(temp.path, 'docker-credential-slow'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
  const run = createHelperRunner({ env: { PATH: `${temp.path}:${process.env.PATH}` }, timeoutMs: 200 });
  await t.throwsAsync(run('slow', 'x.test'), { message: 'docker-credential-slow gave no answer within 0.2 s' });
});

test('places, in order: VARVE_, DOCKER_AUTH_CONFIG, REGISTRY_AUTH_FILE, config.json, auth.json, KANIKO_, GitLab', async (t) => {
  using temp = temporaryDirectory('varve-places');
  const file = (name: string, text: string): string => {
    mkdirSync(join(temp.path, name, '..'), { recursive: true });
    writeFileSync(join(temp.path, name), text);
    return join(temp.path, name);
  };
  const config = (user: string) => JSON.stringify({ auths: { 'my-registry.example.test:5000': auth(user, 'p') } });
  file('docker/config.json', config('docker'));
  file('run/containers/auth.json', config('podman-run'));
  file('config/containers/auth.json', config('podman-config'));
  const all: Record<string, string> = {
    VARVE_MY_REGISTRY_EXAMPLE_TEST_5000_USER: 'varve',
    VARVE_MY_REGISTRY_EXAMPLE_TEST_5000_PASSWORD: 'p',
    DOCKER_AUTH_CONFIG: config('variable'),
    REGISTRY_AUTH_FILE: file('auth.json', config('auth-file')),
    DOCKER_CONFIG: join(temp.path, 'docker'),
    XDG_RUNTIME_DIR: join(temp.path, 'run'),
    XDG_CONFIG_HOME: join(temp.path, 'config'),
    KANIKO_EXAMPLE_TEST_5000_USER: 'kaniko',
    KANIKO_EXAMPLE_TEST_5000_PASSWORD: 'p',
    CI_REGISTRY: 'my-registry.example.test:5000',
    CI_REGISTRY_USER: 'gitlab',
    CI_REGISTRY_PASSWORD: 'p',
    CI_JOB_TOKEN: 'p',
  };
  const steps: [user: string | undefined, remove: Record<string, string | undefined>][] = [
    ['varve', { VARVE_MY_REGISTRY_EXAMPLE_TEST_5000_PASSWORD: undefined }],
    ['variable', { DOCKER_AUTH_CONFIG: undefined }],
    ['auth-file', { REGISTRY_AUTH_FILE: join(temp.path, 'absent') }],
    ['docker', { DOCKER_CONFIG: join(temp.path, 'absent') }],
    ['podman-run', { XDG_RUNTIME_DIR: join(temp.path, 'absent') }],
    ['podman-config', { XDG_CONFIG_HOME: join(temp.path, 'absent') }],
    ['kaniko', { KANIKO_EXAMPLE_TEST_5000_USER: undefined }],
    ['gitlab', { CI_REGISTRY_PASSWORD: undefined }],
    ['gitlab-ci-token', { CI_REGISTRY: 'elsewhere.test' }],
    [undefined, {}],
  ];
  let env: Environment = all;
  const fetch = () => Promise.reject(new Error('no cloud is asked'));
  const deps = { fetch, retryPolicy: defaultRetryPolicy, clock: fixedClock(0), log: silentLog };
  for (const [user, change] of steps) {
    const source = registryCredentials(env, deps);
    const found = await source.credential({ registry: 'my-registry.example.test:5000', repository: 'team/app' });
    t.deepEqual(found, user === undefined ? undefined : password(user, 'p'));
    env = { ...env, ...change };
  }
});

test('login keeps what is not its own, with mode 0600, through a link; logout forgets every spelling', async (t) => {
  using temp = temporaryDirectory('varve-login');
  const real = join(temp.path, 'real.json');
  const path = join(temp.path, 'config.json');
  const foreign = { psFormat: 'table', HttpHeaders: { a: 'b' }, proxies: { default: { httpProxy: 'x' } } };
  const others = { 'other.test': { auth: auth('o', 'o').auth, email: 'kept' }, 'host.test/team': auth('t', 't') };
  writeFileSync(
    real,
    JSON.stringify({ ...foreign, auths: { 'https://host.test/v2/': auth('old', 'old'), ...others } }),
  );
  symlinkSync(real, path);
  const login = createLoginConfig(path, createHelperStore({ env: {} }));
  t.deepEqual(await login.login('host.test', 'me', 'pässword'), { file: path });
  const read = () => JSON.parse(readFileSync(real, 'utf8'));
  t.deepEqual(read(), { ...foreign, auths: { ...others, 'host.test': auth('me', 'pässword') } });
  t.is(statSync(real).mode & 0o777, 0o600);
  await login.login('docker.io', 'hub', 'h');
  t.deepEqual(Object.keys(read().auths), ['other.test', 'host.test/team', 'host.test', 'https://index.docker.io/v1/']);
  t.true(await login.logout('docker.io'));
  t.true(await login.logout('host.test'));
  t.false(await login.logout('host.test'));
  t.deepEqual(read(), { ...foreign, auths: others });
});

test('login gives the password to the helper that the file names, and makes a file where there is none', async (t) => {
  using temp = temporaryDirectory('varve-login');
  const env = installHelper(temp.path, 'vault');
  const path = join(temp.path, 'new/config.json');
  const login = createLoginConfig(path, createHelperStore({ env }));
  await login.login('plain.test', 'me', 'secret');
  t.is(statSync(path).mode & 0o777, 0o600);
  t.is(statSync(join(temp.path, 'new')).mode & 0o777, 0o700);
  writeFileSync(path, JSON.stringify({ credsStore: 'vault', auths: {} }));
  t.deepEqual(await login.login('host.test', 'me', 'secret'), { helper: 'vault' });
  t.notRegex(readFileSync(path, 'utf8'), /secret|auth"/);
  t.deepEqual(JSON.parse(readFileSync(path, 'utf8')).auths, { 'host.test': {} });
  const get = createHelperRunner({ env });
  t.deepEqual(await get('vault', 'host.test'), password('me', 'secret'));
  t.true(await login.logout('host.test'));
  t.is(await get('vault', 'host.test'), undefined);
  writeFileSync(path, JSON.stringify({ credsStore: 'absent' }));
  await t.throwsAsync(login.login('host.test', 'me', 'secret'), {
    code: 'REGISTRY_CREDENTIALS',
    message: /docker-credential-absent is not in PATH/,
  });
  t.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { credsStore: 'absent' });
});
