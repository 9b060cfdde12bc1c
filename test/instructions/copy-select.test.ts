import test from 'ava';
import { selectFiles } from '../../src/instructions/copy-select.ts';
import { toText } from '../../src/io/byte-path.ts';
import { MemorySource, request } from './support/copy.ts';

/** What a COPY of these words selects: the contents of a directory below its name with a slash. */
async function selected(source: MemorySource, words: string[], more: Parameters<typeof request>[3] = {}) {
  const { sources } = await selectFiles(request(source, words, '/d/', more));
  return sources.flatMap((one) => {
    if (one.kind === 'pending') return [one.pending.key];
    if (one.kind === 'given') return [`given ${one.file.name}`];
    if (one.kind === 'file') return [`${toText(one.name)}${one.path === one.name ? '' : ` at ${toText(one.path)}`}`];
    return [
      `${toText(one.path)}/`,
      ...one.entries.map(({ path, onTheWay }) => `  ${toText(path)}${onTheWay ? ' (on the way)' : ''}`),
    ];
  });
}

/** a.txt b.txt run.sh sub/c.txt sub/deep/d.txt */
function tree(): MemorySource {
  return new MemorySource()
    .file('a.txt', 'a\n')
    .file('b.txt', 'bb\n')
    .file('run.sh', '#!/bin/sh\n', { mode: 0o755 })
    .file('sub/c.txt', 'ccc\n')
    .file('sub/deep/d.txt', 'dddd\n');
}

test('a file is itself, a directory is its contents in walk order', async (t) => {
  t.deepEqual(await selected(tree(), ['a.txt', 'sub']), ['a.txt', 'sub/', '  c.txt', '  deep', '  deep/d.txt']);
  t.deepEqual(await selected(tree(), ['.']), [
    '/',
    '  a.txt',
    '  b.txt',
    '  run.sh',
    '  sub',
    '  sub/c.txt',
    '  sub/deep',
    '  sub/deep/d.txt',
  ]);
});

test('a source is cleaned against the root: slashes and dots mean nothing, .. stops there', async (t) => {
  for (const word of ['a.txt', '/a.txt', './a.txt', '../../a.txt', 'sub/../a.txt', '//a.txt', 'a.txt/']) {
    t.deepEqual(await selected(tree(), [word]), ['a.txt'], word);
  }
});

test('a source that is not there is an error with its absolute path', async (t) => {
  for (const [word, name] of [
    ['nothere.txt', '"/nothere.txt": not found'],
    ['../outside.txt', '"/outside.txt": not found'],
    ['a.txt/below', '"/a.txt/below": not found'],
    ['gone/*.txt', '"/gone": not found'],
  ] as const) {
    await t.throwsAsync(selectFiles(request(tree(), [word], '/d/')), { code: 'COPY_MISSING', message: name });
  }
});

test('wildcards match whole names of one level, dot-files too', async (t) => {
  const source = tree().file('.env').file('.hidden');
  t.deepEqual(await selected(source, ['*.txt']), ['a.txt', 'b.txt']);
  t.deepEqual(await selected(source, ['?.txt']), ['a.txt', 'b.txt']);
  t.deepEqual(await selected(source, ['[^a].txt']), ['b.txt']);
  t.deepEqual(await selected(source, ['*.env', '.h*']), ['.env', '.hidden']);
  t.deepEqual(await selected(source, ['sub/*/d.txt']), ['d.txt at sub/deep/d.txt']);
  t.deepEqual(await selected(source, ['s*']), ['sub/', '  c.txt', '  deep', '  deep/d.txt']);
});

test('a double star is no more than a star', async (t) => {
  const source = new MemorySource().file('main.go').file('p/x.go').file('p/q/y.go');
  t.deepEqual(await selected(source, ['**/*.go']), ['x.go at p/x.go']);
});

test('a class and an escape may match a slash, as in Go', async (t) => {
  t.deepEqual(await selected(tree(), ['sub[^x]c.txt']), ['c.txt at sub/c.txt']);
  const odd = new MemorySource().file('[x].txt').file('x.txt').file('*.txt');
  t.deepEqual(await selected(odd, ['[[]x].txt']), ['[x].txt']);
  t.deepEqual(await selected(odd, ['\\**']), ['*.txt'], 'a star itself, then anything');
  await t.throwsAsync(selected(odd, ['\\*.txt']), { message: /not found/ }, 'no wildcard, so no escape either');
});

test('a malformed wildcard is refused, whatever is there', async (t) => {
  for (const word of ['["a",', 'sub/[', '[]', '*[a-']) {
    await t.throwsAsync(selected(tree(), [word]), { code: 'PATTERN', message: /syntax error in pattern/ }, word);
  }
});

test('a wildcard that matches nothing selects nothing', async (t) => {
  t.deepEqual(await selected(tree(), ['*.nope', 'a.txt']), ['a.txt']);
  t.deepEqual(await selected(tree(), ['a.txt/*']), []);
});

test('a match is not searched further', async (t) => {
  const source = new MemorySource().file('d/d/f');
  t.deepEqual(await selected(source, ['[d]']), ['d/', '  d', '  d/f']);
});

test('wildcards look at the levels that they name only', async (t) => {
  const source = tree().file('x/y/z/w/f');
  await selected(source, ['*/c.txt']);
  t.is(source.asked.list, 1 + 2, 'the root, sub and x; nothing below');
});

test('names match by characters, not bytes', async (t) => {
  const source = new MemorySource().file('ü').file('ünï/日本.txt');
  t.deepEqual(await selected(source, ['?']), ['ü']);
  t.deepEqual(await selected(source, ['ünï/日?.txt']), ['日本.txt at ünï/日本.txt']);
});

test('links are followed in every part of a source, inside the root', async (t) => {
  const source = new MemorySource()
    .file('dir/f')
    .symlink('abs', '/dir')
    .symlink('up', '../../../dir')
    .symlink('lf', 'abs/f')
    .symlink('dang', 'no/where');
  t.deepEqual(await selected(source, ['abs/f']), ['f at dir/f']);
  t.deepEqual(await selected(source, ['lf']), ['lf at dir/f'], 'the name stays the one of the link');
  t.deepEqual(await selected(source, ['up']), ['dir/', '  f']);
  t.deepEqual(await selected(source, ['l?']), ['lf at dir/f'], 'a link matched by a wildcard is followed too');
  await t.throwsAsync(selectFiles(request(source, ['dang'], '/d')), { message: /"\/dang": not found/ });
});

test('links inside a selected directory stay links', async (t) => {
  const source = new MemorySource().file('d/f').symlink('d/abs', '/etc/passwd').symlink('d/dang', 'x');
  const { sources } = await selectFiles(request(source, ['d'], '/d'));
  const dir = sources[0];
  t.true(dir?.kind === 'dir');
  if (dir?.kind === 'dir')
    t.deepEqual(
      dir.entries.map(({ entry }) => entry.type),
      ['symlink', 'symlink', 'file'],
    );
});

test('--exclude is relative to each source and leaves nothing empty behind', async (t) => {
  const s = (words: string[], ...exclude: string[]) => selected(tree(), words, { exclude });
  t.deepEqual(await s(['.'], '*.txt'), ['/', '  run.sh', '  sub', '  sub/c.txt', '  sub/deep', '  sub/deep/d.txt']);
  t.deepEqual(await s(['.'], '**/*.txt'), ['/', '  run.sh', '  sub', '  sub/deep']);
  t.deepEqual(await s(['.'], 'sub/deep', '*.sh'), ['/', '  a.txt', '  b.txt', '  sub', '  sub/c.txt']);
  t.deepEqual(await s(['sub'], 'c.txt'), ['sub/', '  deep', '  deep/d.txt']);
  t.deepEqual(await s(['*.txt'], 'b*'), ['a.txt', 'b.txt'], 'a selected file itself is not excluded');
});

test('--exclude with exceptions brings back directories on the way', async (t) => {
  const s = (...exclude: string[]) => selected(tree(), ['.'], { exclude });
  t.deepEqual(await s('*', '!a.txt'), ['/', '  a.txt']);
  t.deepEqual(await s('sub', '!sub/deep/d.txt'), [
    '/',
    '  a.txt',
    '  b.txt',
    '  run.sh',
    '  sub (on the way)',
    '  sub/deep (on the way)',
    '  sub/deep/d.txt',
  ]);
  await t.throwsAsync(s('!'), { code: 'PATTERN' });
});

test('an excluded directory without exceptions is not read', async (t) => {
  const source = new MemorySource().file('a/f').file('node_modules/x/y/z');
  await selected(source, ['.'], { exclude: ['node_modules'] });
  t.is(source.asked.list, 2);
});

test('--parents keeps the path from the root, or from /./', async (t) => {
  const s = (word: string) => selected(tree(), [word], { parents: true });
  const way = ['/', '  sub (on the way)', '  sub/deep (on the way)', '  sub/deep/d.txt'];
  t.deepEqual(await s('sub/deep/d.txt'), way);
  t.deepEqual(await s('/sub/*/d.txt'), way);
  t.deepEqual(await s('./sub/./deep/d.txt'), ['sub/', '  deep (on the way)', '  deep/d.txt']);
  t.deepEqual(await s('sub/deep'), ['/', '  sub (on the way)', '  sub/deep', '  sub/deep/d.txt']);
  t.deepEqual(await s('**/*.txt'), [
    '/',
    '  a.txt',
    '  b.txt',
    '  sub (on the way)',
    '  sub/c.txt',
    '  sub/deep (on the way)',
    '  sub/deep/d.txt',
  ]);
  t.deepEqual(await s('s*/./deep'), ['sub/', '  deep', '  deep/d.txt'], 'a wildcard before the pivot');
  t.deepEqual(await s('.'), await selected(tree(), ['.']), 'nothing to keep means everything');
});

test('--parents wants a plain path to exist and a wildcard not to', async (t) => {
  await t.throwsAsync(selected(tree(), ['sub/nope'], { parents: true }), { message: /"\/sub\/nope": not found/ });
  await t.throwsAsync(selected(tree(), ['sub/./nope'], { parents: true }), { message: /"\/sub\/nope": not found/ });
  t.deepEqual(await selected(tree(), ['**/*.nope'], { parents: true }), ['/']);
});

test('--parents looks only where its pattern leads', async (t) => {
  const source = tree().file('other/a/b/c').file('sub/else/x');
  await selected(source, ['sub/deep/d.txt'], { parents: true });
  t.is(source.asked.list, 3, 'the root, sub, sub/deep');
});

test('--parents and --exclude work together', async (t) => {
  t.deepEqual(await selected(tree(), ['sub'], { parents: true, exclude: ['**/deep'] }), ['/', '  sub', '  sub/c.txt']);
});

test('everything selected has its digest, from one question', async (t) => {
  const source = tree();
  const { sources } = await selectFiles(request(source, ['a.txt', 'sub', '*.sh'], '/d/'));
  t.is(source.asked.complete, 1);
  for (const one of sources) {
    if (one.kind === 'file') t.truthy(one.entry.digest);
    if (one.kind === 'dir')
      for (const { entry } of one.entries) t.is(entry.type === 'file', entry.digest !== undefined);
  }
});
