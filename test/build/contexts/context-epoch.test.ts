import { execFileSync } from 'node:child_process';
import { readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { namedContextKey, parseNamedContext } from '../../../src/build/contexts/named-context.ts';
import type { ContextSource } from '../../../src/context/context-source.ts';
import { parseGitReference } from '../../../src/context/git-reference.ts';
import { parsePlatform } from '../../../src/oci/platform.ts';
import { makeGitRepository, startGitServer } from '../../support/git-server.ts';
import { serveFiles } from '../../support/http-files.ts';
import { buildBench } from '../support/build-bench.ts';

const SECONDS = 1_500_000_000;
const TIME = new Date(SECONDS * 1000).toISOString();

const git = (text: string): ContextSource => ({ kind: 'git', reference: parseGitReference(text)! });
const normal = (time: string | undefined): string => (time === undefined ? '' : new Date(time).toISOString());

test('SOURCE_DATE_EPOCH is the time of a context, of --build-arg or of a global ARG, when it has one', async (t) => {
  await using server = await startGitServer();
  makeGitRepository(server.directory, 'app.git').commit({ f: 'f' }, SECONDS);
  const bench = buildBench(t);
  const directory = bench.directory('context', { f: 'f' });
  const namedContexts = new Map([
    ['repo', parseNamedContext('repo', `${server.url}/app.git`)],
    ['image', parseNamedContext('image', 'docker-image://nowhere.invalid/x')],
  ]);
  const created = async (context: string | ContextSource, value: string, how: 'flag' | 'global') => {
    const head = how === 'global' ? `ARG N=${value}\nARG SOURCE_DATE_EPOCH=$N\n` : '';
    const buildArgs = new Map(how === 'flag' ? [['SOURCE_DATE_EPOCH', value]] : []);
    const { image } = await bench.build(`${head}FROM scratch\nCOPY f /\n`, context, { buildArgs, namedContexts });
    return normal(image.config.value.created);
  };
  for (const how of ['flag', 'global'] as const) {
    t.is(await created(git(`${server.url}/app.git`), 'context', how), TIME, how);
    t.is(await created(directory, 'repo', how), TIME, how);
    t.not(await created(directory, 'context', how), TIME, 'a directory has none');
    t.not(await created(directory, 'image', how), TIME, 'nor has an image');
    await t.throwsAsync(created(directory, 'nobody', how), { code: 'DOCKERFILE_VALUE' });
  }
});

test('SOURCE_DATE_EPOCH is the time of a stage that is one remote ADD', async (t) => {
  await using server = await startGitServer();
  const commit = makeGitRepository(server.directory, 'app.git').commit({ f: 'f' }, SECONDS);
  const bench = buildBench(t);
  const files = bench.directory('files', { old: 'o', young: 'y' });
  utimesSync(join(files, 'old'), SECONDS - 9, SECONDS - 9);
  utimesSync(join(files, 'young'), SECONDS, SECONDS);
  execFileSync('tar', ['-cf', join(bench.path, 'a.tar'), '-C', files, '.']);
  await using http = await serveFiles({
    '/dated': { body: 'd', lastModified: new Date(SECONDS * 1000).toUTCString() },
    '/a.tar': { body: readFileSync(join(bench.path, 'a.tar')) },
    '/plain': { body: 'p' },
  });
  const context = bench.directory('context', { f: 'f' });
  const build = async (stage: string) => {
    const text = `ARG SOURCE_DATE_EPOCH=Src\nFROM scratch AS src\n${stage}\nFROM scratch\nCOPY f /\n`;
    return normal((await bench.build(text, context)).image.config.value.created);
  };
  t.is(await build(`ADD ${server.url}/app.git /`), TIME);
  t.is(await build(`ARG U=${server.url}\nARG C=${commit}\nADD --checksum=$C $U/app.git /`), TIME);
  t.is(await build(`ADD ${http.url}/dated /`), TIME);
  t.is(await build(`ADD ${http.url}/a.tar /`), TIME);
  t.not(await build(`ADD ${http.url}/plain /`), TIME, 'it has no time');
  for (const [stage, message] of [
    ['ADD f /', /not one remote source/],
    [`ADD ${http.url}/dated ${http.url}/plain /`, /not one remote source/],
    [`ADD ${http.url}/dated /\nADD ${http.url}/plain /`, /more than one ADD/],
    [`ADD ${http.url}/dated /\nLABEL a=b`, /it has LABEL/],
    ['ARG x', /it has no ADD/],
  ] as const)
    await t.throwsAsync(build(stage), { code: 'DOCKERFILE_VALUE', message }, stage);
});

test('a named context for one platform goes before the one for all', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', {});
  const [all, arm] = [bench.directory('all', { f: 'all' }), bench.directory('arm', { f: 'arm' })];
  const layers = async (names: Record<string, string>, platform: string) => {
    const namedContexts = new Map(
      Object.entries(names).map(([name, path]) => [namedContextKey(name), parseNamedContext(name, path)] as const),
    );
    const { image } = await bench.build('FROM tree\nCOPY --from=tree f /copy\n', context, {
      namedContexts,
      platforms: [parsePlatform(platform)],
    });
    return image.layers.map(({ diffId }) => diffId);
  };
  const names = { tree: all, 'tree::linux/aarch64': arm };
  t.deepEqual(await layers(names, 'linux/arm64'), await layers({ tree: arm }, 'linux/arm64'));
  t.deepEqual(await layers(names, 'linux/amd64'), await layers({ tree: all }, 'linux/amd64'));
  t.throws(() => namedContextKey('tree::nothing/at/all/x'), { code: 'PLATFORM_INVALID' });
});
