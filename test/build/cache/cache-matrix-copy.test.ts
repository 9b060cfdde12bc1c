import test from 'ava';
import { keepLocalImage } from '../../../src/build/images/local-images.ts';
import { parsePlatform } from '../../../src/oci/platform.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { makeGitRepository, startGitServer } from '../../support/git-server.ts';
import { serveFiles } from '../../support/http-files.ts';
import { buildBench } from '../support/build-bench.ts';
import { buildExplained, cacheMatrix, type World } from '../support/cache-matrix.ts';

const COPY: World = {
  dockerfile: `FROM scratch
ENV E=1
COPY --chown=1:2 dir single /dest/
LABEL l=1
`,
  files: { 'dir/a': 'a', 'dir/sub/b': 'b', single: 'single', other: 'other' },
};

cacheMatrix('copy', COPY, {
  miss: {
    content: [{ files: { 'dir/a': 'changed' } }, '1 file with other content: a'],
    'content below': [{ files: { 'dir/sub/b': 'changed' } }, '1 file with other content: sub/b'],
    mode: [{ files: { 'dir/a': ['a', 0o755] } }, '1 file with another mode: a (0644 → 0755)'],
    'a file more': [{ files: { 'dir/new': '' } }, '1 file added: new'],
    'a file less': [{ files: { 'dir/a': undefined } }, '1 file removed: a'],
    'many files more': [
      { files: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`dir/m${i}`, ''])) },
      '30 files added: m0, m1, m10, m11, m12, m13, m14, m15, m16, m17, and 20 more',
    ],
    destination: [['/dest/', '/dest2/'], 'dest changed: /dest/ → /dest2/'],
    owner: [['1:2', '1:3'], 'chown changed: 1:2 → 1:3'],
    chmod: [['COPY ', 'COPY --chmod=u+x '], 'chmod changed: (empty) → u+x'],
    'chmod in digits': [['COPY ', 'COPY --chmod=700 '], 'chmod changed: (empty) → 700'],
    link: [['COPY ', 'COPY --link '], 'link changed: false → true'],
    exclude: [['COPY ', 'COPY --exclude=sub '], 'exclude', '2 files removed: sub, sub/b'],
    'a pattern that excludes nothing': [['COPY ', 'COPY --exclude=none '], 'exclude is new: none'],
    'a source more': [['single ', 'single other '], 'source is new: other', '1 file added: other'],
    'order of sources': [['dir single', 'single dir'], 'the order of source changed', 'the order of file changed'],
    platform: [{ options: { platforms: [parsePlatform('linux/arm64')] } }, 'platform changed: linux/'],
    compression: [{ options: { level: 1 } }, 'compression changed: gzip 6 → gzip 1'],
  },
  hit: {
    mtime: {},
    'another file': { files: { other: 'changed' } },
    'an ignored file': { files: { 'dir/ignored': 'x', '.dockerignore': 'dir/ignored' } },
    ENV: ['E=1', 'E=2'],
    'ENV that the destination uses': ['ENV E=1', 'ENV E=1 D=dest'],
    USER: ['ENV E=1', 'USER app'],
    ARG: ['ENV E=1', 'ARG E=1'],
    SHELL: ['ENV E=1', 'SHELL ["/bin/bash"]'],
    LABEL: ['l=1', 'l=2'],
    'the way the destination is written': ['/dest/', '/x/..//dest/.'],
    'a continued line': ['single /dest', 'single \\\n  /dest'],
    '--build-arg': { options: { buildArgs: new Map([['X', '1']]) } },
  },
});

cacheMatrix(
  'copy-text',
  { dockerfile: 'FROM scratch\nARG X=1\nCOPY <<EOF /file\ntext $X\nEOF\n', files: {} },
  {
    miss: {
      text: [['text', 'words'], 'heredoc EOF changed:'],
      'what it expands to': [['X=1', 'X=2'], '-text 1\n        +text 2'],
      'no expansion': [['<<EOF', "<<'EOF'"], '+text $X'],
    },
    hit: { 'a variable that it does not use': ['ARG X=1', 'ARG X=1\nARG Y=2'] },
  },
);

cacheMatrix(
  'workdir',
  { dockerfile: 'FROM scratch\nUSER 1\nENV D=dir\nWORKDIR /a/$D\n', files: {} },
  {
    miss: {
      path: [['/a', '/b'], 'path changed: /a/dir → /b/dir'],
      'what it expands to': [['D=dir', 'D=other'], 'path changed: /a/dir → /a/other'],
      user: [['USER 1', 'USER 2'], 'user changed: 1 → 2'],
      platform: [{ options: { platforms: [parsePlatform('linux/arm64')] } }, 'platform changed: linux/'],
    },
    hit: { 'the way it is written': ['/a/$D', '/a/./dir'], 'another ENV': ['D=dir', 'D=dir E=1'] },
  },
);

const STAGES: World = {
  dockerfile: `FROM scratch AS build
COPY noise /noise
COPY out /out/
FROM scratch
COPY --from=build /out/bin /bin/
`,
  files: { 'out/bin/a': 'a', 'out/bin/tool': ['tool', 0o755], 'out/b': 'b', noise: '1' },
};
/** The step that is read from, and what it changed of the files that are taken. */
const OUT = (files: string, copy = 'COPY out /out/') =>
  `step 0.2 that it reads from ran again and came out different: ${copy}\n        ${files}`;

cacheMatrix('copy-from', STAGES, {
  miss: {
    'a file of the stage': [{ files: { 'out/bin/a': 'changed' } }, OUT('1 file with other content: a')],
    'its mode': [{ files: { 'out/bin/tool': ['tool', 0o700] } }, OUT('1 file with another mode: tool (0755 → 0700)')],
    'its owner': [
      ['COPY out', 'COPY --chown=5:6 out'],
      OUT('2 files with another owner: a (0:0 → 5:6), tool (0:0 → 5:6)', 'COPY --chown=5:6 out /out/'),
    ],
    'a file more': [{ files: { 'out/bin/sub/new': '' } }, OUT('2 files added: sub, sub/new')],
    'a file less': [{ files: { 'out/bin/a': undefined } }, OUT('1 file removed: a')],
    path: [['/out/bin /bin', '/out/b /bin'], 'source changed: /out/bin → /out/b'],
    'an option of its own, and a file': [
      { dockerfile: STAGES.dockerfile.replace('--from', '--chmod=700 --from'), files: { 'out/bin/a': 'too' } },
      'chmod changed: (empty) → 700',
      OUT('1 file with other content: a'),
    ],
  },
  hit: {
    'a file of the stage that it does not take': { files: { 'out/b': 'changed' } },
    'a step of the stage that it does not see': { files: { noise: '2' } },
    'the name of the stage': { dockerfile: STAGES.dockerfile.replaceAll('build', 'other') },
    'a label of the stage': ['FROM scratch\nCOPY --from', 'LABEL l=1\nFROM scratch\nCOPY --from'],
  },
});

test('a base image: its digest before and after are said, another name of it is none of the step’s business', async (t) => {
  const bench = buildBench(t);
  const keep = (name: string, content: string) =>
    buildExplained(
      bench,
      {
        dockerfile: 'FROM scratch\nCOPY base /base\n',
        files: { base: content },
        options: { inspect: (_, services, result) => keepLocalImage(services, parseReference(name), result) },
      },
      'base',
    );
  const on = (name: string) =>
    buildExplained(bench, { dockerfile: `FROM ${name}\nCOPY a /a\n`, files: { a: 'a' } }, 'app');
  await keep('localhost/base:1', 'one');
  await keep('localhost/same:1', 'one');
  t.is((await on('localhost/base:1')).step.status, 'miss');
  t.is((await on('localhost/same:1')).step.status, 'hit');
  await keep('localhost/base:1', 'two');
  const { step, text } = await on('localhost/base:1');
  t.is(step.status, 'miss');
  t.is(step.causes.length, 1);
  t.regex(text, /base changed: localhost\/same:1 \(sha256:[0-9a-f]{64}\) → localhost\/base:1 \(sha256:[0-9a-f]{64}\)/);
});

test('ADD of a URL: another content misses, another ETag of the same content hits, a checksum stands for it', async (t) => {
  const bench = buildBench(t);
  await using server = await serveFiles({ '/file': { body: 'one', etag: '"1"' } });
  const add = (options = '') =>
    buildExplained(bench, { dockerfile: `FROM scratch\nADD ${options}${server.url}/file /file\n`, files: {} }, 'add');
  t.is((await add()).step.status, 'miss');
  server.files.set('/file', { body: 'one', etag: '"2"' });
  t.is((await add()).step.status, 'hit');
  server.files.set('/file', { body: 'two', etag: '"3"' });
  const changed = await add();
  t.is(changed.step.status, 'miss');
  t.true(changed.text.includes('1 file with other content: file'), changed.text);
  const sum = 'sha256:3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3';
  const summed = await add(`--checksum=${sum} `);
  t.is(summed.step.status, 'miss');
  t.true(summed.text.includes(`checksum changed: (empty) → ${sum}`), summed.text);
});

test('ADD of a git repository: another commit misses, and both are named', async (t) => {
  const bench = buildBench(t);
  await using server = await startGitServer();
  const repository = makeGitRepository(server.directory, 'app.git');
  const first = repository.commit({ f: 'one' });
  const add = (ref: string) =>
    buildExplained(bench, { dockerfile: `FROM scratch\nADD ${server.url}/app.git#${ref} /app/\n`, files: {} }, 'add');
  t.is((await add('main')).step.status, 'miss');
  const second = repository.commit({ f: 'two' });
  const { step, text } = await add('main');
  t.is(step.status, 'miss');
  t.true(text.includes('git changed: ') && text.includes(first) && text.includes(second), text);
});
