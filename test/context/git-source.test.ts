import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parseGitReference } from '../../src/context/git-reference.ts';
import { createGitSources } from '../../src/context/git-source.ts';
import { systemClock } from '../../src/io/clock.ts';
import { loadLibc } from '../../src/io/libc.ts';
import { createTreeStore } from '../../src/snapshot/tree-store.ts';
import { openTestStore, tempRoot } from '../cas/store-fixture.ts';
import { makeGitRepository, startGitServer } from '../support/git-server.ts';
import { namesIn as names, readText as read, rememberedTrees, gitWorld as world } from './support/git-sources.ts';

test('branches, tags, full refs and commits lead to their files', async (t) => {
  const { server, files, sources } = await world(t);
  const repo = makeGitRepository(server.directory, 'app.git');
  const first = repo.commit({ a: 'one' });
  repo.git('tag', 'plain');
  repo.git('tag', '--annotate', '--message', 'm', 'annotated');
  repo.git('branch', 'feature/x');
  const second = repo.commit({ a: 'two', 'bin/run': '!#!/bin/sh\n', link: '->a' });
  const url = `${server.url}/app.git`;
  for (const [text, content] of [
    ['', 'two'],
    ['#main', 'two'],
    ['#HEAD', 'two'],
    ['#refs/heads/main', 'two'],
    ['#feature/x', 'one'],
    ['#plain', 'one'],
    ['#annotated', 'one'],
    ['?tag=annotated', 'one'],
    ['?branch=feature/x', 'one'],
    [`#${first}`, 'one'],
    [`#${second}`, 'two'],
    [`?ref=main&checksum=${second.slice(0, 10)}`, 'two'],
    [`?fetch-by-commit&checksum=${first}#main`, 'one'],
  ] as const) {
    t.is(await read(await files(url + text), 'a'), content, text);
  }
  const source = await files(url);
  t.deepEqual(await names(source), ['a', 'bin', 'link']);
  t.is(await read(source, 'link'), '-> a');
  const entry = async (path: string) => {
    const { mode, uid, gid, mtime } = (await source.lookup(path))!;
    return { mode, uid, gid, mtime };
  };
  const fixed = { uid: 0, gid: 0, mtime: 1_600_000_002_000_000_000n };
  t.deepEqual(await entry('a'), { mode: 0o644, ...fixed });
  t.deepEqual(await entry('bin/run'), { mode: 0o755, ...fixed });
  t.deepEqual(await entry('bin'), { mode: 0o755, ...fixed });
  t.is((await sources().resolve(parseGitReference(`${url}#plain`)!)).commit, first);
});

test('what is not there, and another commit than expected, are named', async (t) => {
  const { server, files } = await world(t);
  const repo = makeGitRepository(server.directory, 'app.git');
  repo.commit({ a: 'one' });
  const url = `${server.url}/app.git`;
  await t.throwsAsync(files(`${url}#nothing`), { code: 'GIT_REF', message: /nothing/ });
  await t.throwsAsync(files(`${url}#${'0'.repeat(40)}`), { code: 'GIT_FETCH' });
  await t.throwsAsync(files(`${url}?ref=main&checksum=abcdef`), { code: 'GIT_CHECKSUM', message: /abcdef/ });
  await t.throwsAsync(files(`${url}?ref=main&checksum=main`), { code: 'GIT_CHECKSUM' });
  await t.throwsAsync(files(`${url}#main:nowhere`), { code: 'GIT_SUBDIR', message: /nowhere/ });
  await t.throwsAsync(files(`${server.url}/other.git`), { code: 'GIT_FETCH', message: /other\.git/ });
});

test('a subdirectory is a root: links of it stay inside', async (t) => {
  const { server, files } = await world(t);
  const repo = makeGitRepository(server.directory, 'app.git');
  repo.commit({ top: 't', 'sub/deep/f': 'f', 'sub/out': '->../top', alias: '->sub/deep', evil: '->/etc' });
  const url = `${server.url}/app.git`;
  t.deepEqual(await names(await files(`${url}#main:sub`)), ['deep', 'out']);
  t.deepEqual(await names(await files(`${url}?subdir=/sub/deep`)), ['f']);
  t.deepEqual(await names(await files(`${url}#:alias`)), ['f']);
  t.deepEqual(await names(await files(`${url}#:../../sub`)), ['deep', 'out']);
  await t.throwsAsync(files(`${url}#:evil`), { code: 'GIT_SUBDIR' });
});

test('a second build fetches only what is new, and a known commit asks nobody', async (t) => {
  const { server, files } = await world(t);
  const repo = makeGitRepository(server.directory, 'app.git');
  const first = repo.commit({ a: 'one' });
  const url = `${server.url}/app.git`;
  const packs = () => server.requests.splice(0).filter((line) => line.startsWith('POST')).length;
  await files(url);
  t.true(packs() > 1, 'refs, then a pack');
  await files(url);
  t.is(packs(), 1, 'refs only');
  server.requests.length = 0;
  t.is(await read(await files(`${url}#${first}`), 'a'), 'one');
  t.deepEqual(server.requests, []);
  repo.commit({ b: 'two' });
  t.is(await read(await files(url), 'b'), 'two');
});

test('a server that gives no commits by name gives its branches', async (t) => {
  const { server, files } = await world(t);
  const repo = makeGitRepository(server.directory, 'app.git');
  const first = repo.commit({ a: 'one' });
  repo.commit({ a: 'two' });
  server.old = true;
  const url = `${server.url}/app.git`;
  t.is(await read(await files(url), 'a'), 'two');
  t.is(await read(await files(`${url}#${first}`), 'a'), 'one');
  const third = repo.commit({ a: 'three' });
  repo.commit({ a: 'four' });
  t.is(await read(await files(`${url}#${third}`), 'a'), 'three', 'into a mirror that is whole by now');
});

test('.git is kept when it is asked for, without the credentials of its address', async (t) => {
  const { server, files } = await world(t);
  const repo = makeGitRepository(server.directory, 'app.git');
  repo.commit({ a: 'one' });
  repo.git('tag', '--annotate', '--message', 'm', 'v1');
  const commit = repo.commit({ a: 'two' });
  const url = `http://user:hunter22@${server.host}/app.git`;
  const source = await files(`${url}?keep-git-dir=1#main`);
  t.deepEqual(await names(source), ['.git', 'a']);
  const config = (await read(source, '.git/config'))!;
  t.true(config.includes(`${server.url}/app.git`));
  t.false(config.includes('hunter22'));
  const content = await source.content('a', (await source.lookup('a'))!);
  const workTree = 'path' in content ? content.path.replace(/\/a$/, '') : '';
  const kept = makeGitRepository(workTree, '.');
  t.is(kept.git('rev-parse', 'HEAD'), commit);
  t.is(kept.git('rev-parse', 'refs/heads/main'), commit);
  t.is(kept.git('log', '--format=%H'), commit, 'one commit');
  t.is(kept.git('status', '--porcelain'), '');
  t.false(existsSync(join(workTree, '.git/objects/info/alternates')));
  const tagged = await files(`${url}?keep-git-dir=1#v1`);
  t.is((await tagged.lookup('.git/refs/tags/v1'))?.type, 'file');
});

test('submodules come along, relative addresses and nested ones too, unless they are not wanted', async (t) => {
  const { server, files } = await world(t);
  const inner = makeGitRepository(server.directory, 'inner.git');
  inner.commit({ i: 'inner' });
  const lib = makeGitRepository(server.directory, 'libs/lib.git');
  lib.commit({ l: 'lib' });
  lib.addSubmodule('deep/inner', inner, `${server.url}/inner.git`);
  const app = makeGitRepository(server.directory, 'app.git');
  app.commit({ a: 'app' });
  app.addSubmodule('vendor/lib', lib, '../libs/lib.git');
  const source = await files(`${server.url}/app.git`);
  t.is(await read(source, 'vendor/lib/l'), 'lib');
  t.is(await read(source, 'vendor/lib/deep/inner/i'), 'inner');
  t.deepEqual(await names(source, 'vendor/lib'), ['.gitmodules', 'deep', 'l']);
  t.deepEqual(await names(await files(`${server.url}/app.git?submodules=false`), 'vendor/lib'), []);
});

test('a submodule that is a file of this machine is refused', async (t) => {
  const { server, files } = await world(t);
  const secret = makeGitRepository(server.directory, 'secret');
  secret.commit({ s: 'secret' });
  const app = makeGitRepository(server.directory, 'app.git');
  app.commit({ a: 'app' });
  app.addSubmodule('stolen', secret, secret.path);
  await t.throwsAsync(files(`${server.url}/app.git`), { code: 'GIT_SUBMODULE', message: /secret/ });
  for (const url of ['ext::sh -c id', 'file:///etc', '-oProxyCommand=id']) {
    app.git('config', '--file', '.gitmodules', 'submodule.stolen.url', url);
    app.commit({});
    await t.throwsAsync(files(`${server.url}/app.git`), { code: 'GIT_SUBMODULE' }, url);
  }
});

test('a token opens a private repository, goes to its host only and is in no message', async (t) => {
  const TOKEN = 'token-of-7-words';
  const basic = `basic ${Buffer.from(`x-access-token:${TOKEN}`).toString('base64')}`;
  const { server, files } = await world(t, (authorization) => authorization === basic);
  const other = await startGitServer();
  t.teardown(() => other[Symbol.asyncDispose]());
  const lib = makeGitRepository(other.directory, 'lib.git');
  lib.commit({ l: 'lib' });
  const app = makeGitRepository(server.directory, 'app.git');
  app.commit({ a: 'app' });
  app.addSubmodule('lib', lib, `${other.url}/lib.git`);
  const url = `${server.url}/app.git`;
  t.is(await read(await files(url, { GIT_AUTH_TOKEN: `${TOKEN}\n` }), 'lib/l'), 'lib');
  t.true(other.authorizations.length > 0);
  t.true(other.authorizations.every((header) => header === undefined));
  t.is(await read(await files(url, { GIT_AUTH_HEADER: basic }), 'a'), 'app');
  t.is(await read(await files(url, { [`GIT_AUTH_TOKEN.${server.host}`]: TOKEN, GIT_AUTH_TOKEN: 'wrong' }), 'a'), 'app');
  const error = await t.throwsAsync(files(url, { GIT_AUTH_TOKEN: 'a-wrong-token' }), { code: 'GIT_FETCH' });
  t.false(JSON.stringify([error?.message, String(error?.cause), error?.stack]).includes('a-wrong-token'));
  const named = await t.throwsAsync(files(`http://me:pass-word@${server.host}/app.git`), { code: 'GIT_FETCH' });
  t.false(JSON.stringify([named?.message, String(named?.cause)]).includes('pass-word'));
});

test('without git the error says so', async (t) => {
  const { root, remove } = tempRoot();
  const store = await openTestStore(root);
  const sources = createGitSources({
    store,
    program: () => undefined,
    env: {},
    remembered: rememberedTrees(createTreeStore(store.catalog)),
    warn: () => {},
    identity: { secret: async () => undefined, sshAgent: async () => undefined },
    libc: loadLibc(),
    clock: systemClock,
    signal: new AbortController().signal,
  });
  await t.throwsAsync(sources.resolve(parseGitReference('https://example.com/x.git')!), { code: 'GIT_MISSING' });
  await store.close();
  remove();
});
