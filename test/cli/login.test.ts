import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';
import { startRegistry } from '../support/registry.ts';

const VARVE = join(import.meta.dirname, '../../bin/varve');

async function varve(dir: string, args: readonly string[], input: string) {
  const child = spawn(VARVE, args, { env: { ...process.env, DOCKER_CONFIG: dir }, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once('close', resolve)),
  ]);
  return { stdout, stderr, code };
}

test('login asks the registry, writes the file that a push then uses, and logout takes it out', async (t) => {
  t.timeout(120_000);
  using temp = temporaryDirectory('varve-login');
  const user = { username: 'robot$ci', password: 'pass word:1' };
  await using registry = await startRegistry({ htpasswd: user });
  const dir = join(temp.path, 'docker');
  const login = (password: string) =>
    varve(dir, ['login', '--username', user.username, '--password-stdin', registry.host], password);
  const wrong = await login('wrong-secret\n');
  t.is(wrong.code, 1);
  t.regex(wrong.stderr, /login to .* answered 401: UNAUTHORIZED/);
  t.notRegex(wrong.stderr, /wrong-secret/);
  t.false(existsSync(join(dir, 'config.json')));

  const right = await login(`${user.password}\n`);
  t.is(right.code, 0, right.stderr);
  t.is(statSync(join(dir, 'config.json')).mode & 0o777, 0o600);
  t.deepEqual(JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')), {
    auths: { [registry.host]: { auth: Buffer.from(`${user.username}:${user.password}`).toString('base64') } },
  });
  const context = join(temp.path, 'context');
  mkdirSync(context);
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
  const push = () =>
    varve(dir, ['build', '--store', join(temp.path, 'store'), '-t', `${registry.host}/app:1`, '--push', context], '');
  const pushed = await push();
  t.is(pushed.code, 0, pushed.stderr);

  const out = await varve(dir, ['logout', registry.host], '');
  t.is(out.stdout, `forgot the login for ${registry.host}\n`);
  t.deepEqual(JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')), { auths: {} });
  const refused = await push();
  t.is(refused.code, 1);
  t.regex(refused.stderr, /varve login/);
});

test('login says what is missing', async (t) => {
  using temp = temporaryDirectory('varve-login');
  for (const [args, message] of [
    [['x.test'], /--username is missing/],
    [['-u', 'me', 'x.test'], /use --password-stdin/],
    [['-u', 'me', '--password-stdin', 'x.test'], /the password is empty/],
    [['-u', 'me', '-p', 'x', 'x test'], /"x test" is not the host of a registry/],
  ] as const) {
    const { code, stderr } = await varve(temp.path, ['login', ...args], '');
    t.is(code, 2);
    t.regex(stderr, message);
  }
});
