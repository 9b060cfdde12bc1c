import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { loadLibc } from '../../../src/io/libc.ts';
import { makeTar } from '../../fixtures/make-tar.ts';
import { makeGitRepository, startGitServer } from '../../support/git-server.ts';
import { buildBench } from '../support/build-bench.ts';
import { buildExplained, cacheMatrix, type World } from '../support/cache-matrix.ts';
import { kinds, tell } from '../support/told-build.ts';

/** Only ASCII, so that it is a text. */
const archive = (content: string, mtime = 1_700_000_000) =>
  makeTar([{ name: 'in/file', content, mtime }]).toString('latin1');

const ARCHIVE: World = {
  dockerfile: 'FROM scratch\nADD a.tar /a/\n',
  files: { 'a.tar': archive('content'), 'b.tar': archive('content') },
};

cacheMatrix('add-archive', ARCHIVE, {
  miss: {
    'a file in it': [{ files: { 'a.tar': archive('changed') } }, '1 file with other content: a.tar'],
    // What an archive has as times is in the layer.
    'a time in it': [{ files: { 'a.tar': archive('content', 1_700_000_001) } }, '1 file with other content: a.tar'],
    'unpack=false': [['ADD ', 'ADD --unpack=false '], 'unpack changed: (empty) → false'],
    'unpack=true by name': [['ADD ', 'ADD --unpack=true '], 'unpack changed: (empty) → true'],
    'its name': [['a.tar', 'b.tar'], 'source changed: a.tar → b.tar', '1 file added: b.tar'],
  },
  hit: { 'another archive': { files: { 'b.tar': archive('changed') } }, ENV: ['ADD', 'ENV A=1\nADD'] },
});

const PARENTS: World = {
  dockerfile: 'FROM scratch\nCOPY --parents src/./one/a src/two/b /d/\n',
  files: { 'src/one/a': 'a', 'src/two/b': 'b', 'src/two/c': 'c' },
};

cacheMatrix('copy-parents', PARENTS, {
  miss: {
    content: [{ files: { 'src/one/a': 'changed' } }, '1 file with other content: one/a'],
    'the place of the dot': [
      ['src/./one/a', 'src/one/./a'],
      'source is gone: it was src/./one/a',
      'source is new: src/one/./a',
      '1 file added: a',
    ],
    'no parents': [['--parents ', ''], 'parents changed: true → false', '2 files added: a, b'],
  },
  hit: { 'a file beside them': { files: { 'src/two/c': 'changed' } } },
});

test('ADD of a git repository: .git, a directory of it, another branch of the same commit', async (t) => {
  const bench = buildBench(t);
  await using server = await startGitServer();
  const repository = makeGitRepository(server.directory, 'app.git');
  repository.commit({ 'dir/f': 'one', g: 'g' });
  repository.git('branch', 'same');
  const add = (ref: string, options = '') =>
    buildExplained(
      bench,
      { dockerfile: `FROM scratch\nADD ${options}${server.url}/app.git#${ref} /app/\n`, files: {} },
      'add',
    );
  const wrong: string[] = [];
  const expect = async (ref: string, options: string, status: string, ...causes: string[]) => {
    t.like(await add('main'), { step: { status: 'hit' } });
    const { step, text } = await add(ref, options);
    if (
      step.status !== status ||
      !causes.every((cause) => text.includes(cause)) ||
      step.causes.length !== causes.length
    )
      wrong.push(`${ref} ${options}: ${status} ${causes.join('; ')}\n${text}`);
  };
  t.is((await add('main')).step.status, 'miss');
  await expect('main:dir', '', 'miss', 'git changed: ', 'source changed: ');
  await expect('main', '--keep-git-dir=true ', 'miss', 'keep-git-dir is new: true', 'git changed: ');
  await expect('same', '', 'miss', 'source changed: ');
  t.deepEqual(wrong, []);
});

test('extended attributes of a file count, those of files beside it do not', async (t) => {
  const bench = buildBench(t);
  const context = join(bench.path, 'xattrs');
  mkdirSync(context);
  for (const name of ['a', 'b']) writeFileSync(join(context, name), name);
  const set = (name: string, value: string) => loadLibc().setXattr(join(context, name), 'user.key', Buffer.from(value));
  const build = () => tell(bench, 'FROM scratch\nCOPY a /a\n', context);
  await build();
  set('b', 'one');
  t.deepEqual(kinds(await build()), ['hit step-key']);
  for (const value of ['one', 'two']) {
    set('a', value);
    const told = await build();
    t.deepEqual(kinds(told), ['miss  files'], value);
    const [cause] = told.explanation.steps[0]!.causes;
    t.deepEqual(cause?.kind === 'files' && cause.files.attributes.names, ['a']);
  }
});
