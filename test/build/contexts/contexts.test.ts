import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { contextKey, parseNamedContext } from '../../../src/build/contexts/named-context.ts';
import { exportImage } from '../../../src/build/output/export-image.ts';
import { parseOutput } from '../../../src/build/output/output.ts';
import type { ContextSource } from '../../../src/context/context-source.ts';
import { parseGitReference } from '../../../src/context/git-reference.ts';
import { hostPlatform } from '../../../src/oci/platform.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { countedGit } from '../../context/support/git-sources.ts';
import { makeGitRepository, startGitServer } from '../../support/git-server.ts';
import { serveFiles } from '../../support/http-files.ts';
import { type BuildOptions, type Built, buildBench } from '../support/build-bench.ts';

/** Paths of the image's own layers, as tar lists them. */
const listing: NonNullable<BuildOptions['inspect']> = async (image, { store }) => {
  lists.set(
    image,
    image.layers.map(({ descriptor }) =>
      execFileSync('tar', ['-tzf', store.blobs.path(descriptor.digest)], { encoding: 'utf8' })
        .trim()
        .split('\n'),
    ),
  );
};
const lists = new WeakMap<Built['image'], string[][]>();
const pathsOf = ({ image }: Built): string[] => (lists.get(image) ?? []).flat();

const git = (text: string): ContextSource => ({ kind: 'git', reference: parseGitReference(text)! });

test('a git repository as context, with its own Dockerfile; a second build of it hits', async (t) => {
  await using server = await startGitServer();
  const repo = makeGitRepository(server.directory, 'app.git');
  repo.commit({
    Dockerfile: 'FROM scratch\nCOPY . /app/\n',
    '.dockerignore': 'a\n',
    a: 'a',
    'sub/dockerfile': 'FROM scratch\nCOPY f /sub\n',
    'sub/f': 'f',
  });
  const bench = buildBench(t);
  const build = (text: string, more: BuildOptions = {}) =>
    bench.build('', git(`${server.url}/app.git${text}`), {
      dockerfile: { kind: 'context' },
      inspect: listing,
      ...more,
    });
  const first = await build('');
  t.deepEqual(pathsOf(first), [
    'app/',
    'app/.dockerignore',
    'app/Dockerfile',
    'app/a',
    'app/sub/',
    'app/sub/dockerfile',
    'app/sub/f',
  ]);
  const second = await build('#main');
  t.is(second.image.manifest.descriptor.digest, first.image.manifest.descriptor.digest);
  t.is(second.steps[0]?.status, 'hit');
  const counted = countedGit(bench.path);
  const hit = await build('', {
    with: ({ program }) => ({ program: (name) => (name === 'git' ? counted.program : program(name)) }),
  });
  t.is(hit.steps[0]?.status, 'hit');
  t.deepEqual(
    counted.commands().filter((command) => command === 'checkout' || command === 'fetch'),
    [],
    'the Dockerfile comes out of the repository',
  );
  const again = await build('', { store: 'another' });
  t.is(again.image.layers[0]?.descriptor.digest, first.image.layers[0]?.descriptor.digest, 'the same bytes');
  t.deepEqual(pathsOf(await build('#:sub')), ['sub']);
  await t.throwsAsync(build('', { dockerfile: { kind: 'context', path: 'nowhere' } }), { code: 'DOCKERFILE_MISSING' });
});

test('ADD of a repository: its commit is the key, and a hit fetches nothing', async (t) => {
  await using server = await startGitServer();
  const repo = makeGitRepository(server.directory, 'lib.git');
  const first = repo.commit({ 'x/f': 'f', 'x/skip': 's', y: 'y' });
  const bench = buildBench(t);
  const context = bench.directory('context', { local: 'l' });
  const url = `${server.url}/lib.git`;
  const dockerfile = (source: string, flags = '') => `FROM scratch\nADD ${flags} ${source} local /dst/\n`;
  const build = (text: string) => bench.build(text, context, { inspect: listing });
  const built = await build(dockerfile(url, '--exclude=x/skip'));
  t.deepEqual(pathsOf(built), ['dst/', 'dst/local', 'dst/x/', 'dst/x/f', 'dst/y']);
  server.requests.length = 0;
  t.is((await build(dockerfile(url, '--exclude=x/skip'))).steps[0]?.status, 'hit');
  t.true(server.requests.every((line) => !line.includes('shallow')));
  const asked = server.requests.length;
  t.true(asked > 0 && asked <= 2, 'its refs');
  t.deepEqual(pathsOf(await build(`FROM scratch\nADD --checksum=${first} ${url}#main:x /\n`)), ['f', 'skip']);
  t.true(pathsOf(await build(`FROM scratch\nADD --keep-git-dir ${url} /\n`)).includes('.git/HEAD'));
  const ofSubdirectory = await build(`FROM scratch\nADD --keep-git-dir ${url}#:x /\n`);
  t.deepEqual(pathsOf(ofSubdirectory), ['f', 'skip'], 'as BuildKit');
  t.true(ofSubdirectory.warnings.some((text) => /keep-git-dir has no effect with the subdirectory \/x/.test(text)));
  const ofNone = await build('FROM scratch\nADD --keep-git-dir local /\n');
  t.true(ofNone.warnings.some((text) => /--keep-git-dir has no effect/.test(text)));
  repo.commit({ y: 'yy' });
  t.is((await build(dockerfile(url, '--exclude=x/skip'))).steps[0]?.status, 'done');
  const error = await t.throwsAsync(build(`FROM scratch\nADD --checksum=${first} ${url}#main:x /\n`), {
    code: 'GIT_CHECKSUM',
  });
  t.is((error as unknown as { location?: { start: number } }).location?.start, 2);
});

test('a tar or a Dockerfile from a URL, and a tar from a stream', async (t) => {
  const bench = buildBench(t);
  const directory = bench.directory('files', { Dockerfile: 'FROM scratch\nCOPY d/f /\n', 'd/f': 'f' });
  execFileSync('tar', ['-czf', join(bench.path, 'c.tgz'), '-C', directory, '.']);
  const tar = readFileSync(join(bench.path, 'c.tgz'));
  await using server = await serveFiles({
    '/c.tgz': { body: tar, etag: '"1"' },
    '/Dockerfile': { body: 'FROM scratch\nCOPY context /it\n' },
  });
  const inContext = { dockerfile: { kind: 'context' }, inspect: listing } as const;
  const http = (path: string): ContextSource => ({ kind: 'http', url: server.url + path });
  t.deepEqual(pathsOf(await bench.build('', http('/c.tgz'), inContext)), ['f']);
  t.deepEqual(pathsOf(await bench.build('', http('/Dockerfile'), inContext)), ['it']);
  const archive = (bytes: Buffer): ContextSource => ({
    kind: 'archive',
    name: '-',
    async *open() {
      yield bytes;
    },
  });
  t.deepEqual(pathsOf(await bench.build('', archive(tar), inContext)), ['f']);
  await t.throwsAsync(bench.build('', archive(Buffer.from('no tar')), inContext), { code: 'CONTEXT_ARCHIVE' });
  await t.throwsAsync(bench.build('', http('/Dockerfile'), { dockerfile: { kind: 'context', path: 'Other' } }), {
    code: 'USAGE',
    message: /Other/,
  });
});

test('named contexts: a base, a source, a mount source; in the place of a stage or an image', async (t) => {
  await using server = await startGitServer();
  makeGitRepository(server.directory, 'lib.git').commit({ g: 'g' });
  const bench = buildBench(t);
  const context = bench.directory('context', { c: 'c' });
  const named = bench.directory('named', { 'n/f': 'f', skipped: 's', '.dockerignore': 'skipped\n' });
  const namedContexts = new Map(
    Object.entries({ tree: named, repo: `${server.url}/lib.git`, none: 'docker-image://scratch' }).map(
      ([name, value]) => [name, parseNamedContext(name, value)] as const,
    ),
  );
  const build = (text: string) => bench.build(text, context, { namedContexts, inspect: listing });
  const base = await build('FROM tree\nCOPY c /\n');
  t.deepEqual(pathsOf(base), ['.dockerignore', 'n/', 'n/f', 'c']);
  t.deepEqual(
    base.image.config.value.history?.map(({ created_by, empty_layer }) => [created_by, empty_layer]),
    [
      ['FROM tree # buildkit', undefined],
      ['COPY c / # buildkit', undefined],
    ],
  );
  t.is((await build('FROM tree\nCOPY c /\n')).steps[0]?.status, 'hit');
  t.deepEqual(pathsOf(await build('FROM scratch\nCOPY --from=TREE n/f /\nCOPY --from=repo . /r/\n')), [
    'f',
    'r/',
    'r/g',
  ]);
  t.deepEqual(
    pathsOf(await build('FROM scratch AS tree\nRUN no such program\nFROM scratch\nCOPY --from=tree n /n\n')),
    ['n/', 'n/f'],
    'a stage of that name is not built',
  );
  t.deepEqual(pathsOf(await build('FROM nowhere.invalid/x AS tree\nRUN no\nFROM tree\n')), [
    '.dockerignore',
    'n/',
    'n/f',
  ]);
  t.deepEqual(pathsOf(await build('FROM none\nCOPY c /\n')), ['c']);
});

test('an OCI layout as base and source, by tag and by digest', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { c: 'c' });
  const layout = join(bench.path, 'layout');
  const inner = await bench.build('FROM scratch\nCOPY c /base\nENV A=b\n', context, {
    store: 'other',
    inspect: async (image, services) => {
      const outputs = parseOutput(`type=oci,dest=${layout},tar=false`);
      const tags = [parseReference('x.example/base:1')];
      await exportImage(
        { images: [{ platform: hostPlatform(process.platform, process.arch), image }] },
        { outputs, tags, stdout: process.stdout, isRoot: true },
        services,
      );
    },
  });
  const { digest } = inner.image.manifest.descriptor;
  for (const value of [`oci-layout://${layout}:1`, `oci-layout://${layout}@${digest}`]) {
    const namedContexts = new Map([['base', parseNamedContext('base', value)]]);
    const built = await bench.build('FROM base\nCOPY --from=base base /copy\n', context, {
      namedContexts,
      inspect: listing,
    });
    t.deepEqual(pathsOf(built), ['base', 'copy'], value);
    t.true(built.image.config.value.config?.Env?.includes('A=b'));
  }
  const missing = new Map([['base', parseNamedContext('base', `oci-layout://${layout}:2`)]]);
  await t.throwsAsync(bench.build('FROM base\n', context, { namedContexts: missing }), {
    code: 'LAYOUT_IMAGE_MISSING',
  });
  await t.throwsAsync(bench.build(`FROM oci-layout://${layout}:1\n`, context), { code: 'REFERENCE_INVALID' });
});

test('names of contexts, and what they may be', (t) => {
  for (const [name, key] of [
    ['alpine', 'alpine'],
    ['alpine:latest', 'alpine'],
    ['docker.io/library/alpine', 'alpine'],
    ['docker.io/a/b:v1', 'a/b:v1'],
    ['Build', 'build'],
    ['h:5000/x:Tag', 'h:5000/x:Tag'],
  ] as const)
    t.is(contextKey(name), key);
  const kind = (value: string) => parseNamedContext('n', value).kind;
  for (const [value, expected] of [
    ['.', 'directory'],
    ['/a:b', 'directory'],
    ['github.com/a/b', 'directory'],
    ['docker-image://x', 'image'],
    ['docker-image://scratch', 'empty'],
    ['oci-layout://d', 'oci-layout'],
    ['git@h:a/b', 'git'],
    ['https://h/a.git#main:sub', 'git'],
    ['https://h/a.tar', 'http'],
  ] as const)
    t.is(kind(value), expected, value);
  t.throws(() => kind('target:other'), { code: 'UNSUPPORTED', message: /target/ });
  for (const value of ['', 'docker-image://', 'oci-layout://', 'oci-layout://d@sha256:1', 's3://b'])
    t.throws(() => kind(value), { code: 'USAGE' }, value);
});
