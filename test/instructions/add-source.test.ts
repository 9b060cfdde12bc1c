import test from 'ava';
import { classifyAddSource, classifyAddSources } from '../../src/instructions/add-source.ts';

test('a source is a URL, a git reference or local by its form', (t) => {
  const kind = (word: string) => classifyAddSource(word).kind;
  for (const word of ['http://h/x', 'https://h/a.tar.gz?x=1', 'https://h/']) t.is(kind(word), 'url', word);
  for (const word of [
    'https://h/o/r.git',
    'https://h/o/r.git#main:dir',
    'http://h/r.git?ref=v1',
    'git://h/r',
    'ssh://git@h/r',
    'git@h:o/r.git',
  ])
    t.is(kind(word), 'git', word);
  for (const word of ['a.git', 'github.com/o/r.git', './http://x', 'ftp://h/x', 'a@b', '/x'])
    t.is(kind(word), 'local', word);
});

test('a git reference takes --checksum and --keep-git-dir; neither it nor a URL is a source of COPY', (t) => {
  const commit = 'a'.repeat(40);
  const [source] = classifyAddSources(['git@h:r.git#main'], { instruction: 'ADD', checksum: commit, keepGitDir: true });
  t.like(source, {
    kind: 'git',
    reference: { remote: 'git@h:r.git', ref: 'main', checksum: commit, keepGitDir: true },
  });
  t.throws(() => classifyAddSources(['git@h:r.git?checksum=bb'], { instruction: 'ADD', checksum: commit }), {
    code: 'ADD_SOURCE',
    message: /contradicts/,
  });
  t.throws(() => classifyAddSources(['git@h:r.git?keep-git-dir=0'], { instruction: 'ADD', keepGitDir: true }), {
    code: 'ADD_SOURCE',
    message: /--keep-git-dir=true contradicts/,
  });
  t.throws(() => classifyAddSources(['git@h:r.git?keep-git-dir'], { instruction: 'ADD', keepGitDir: false }), {
    code: 'ADD_SOURCE',
  });
  const [kept] = classifyAddSources(['git@h:r.git?keep-git-dir'], { instruction: 'ADD' });
  t.like(kept, { reference: { keepGitDir: true } });
  t.throws(() => classifyAddSources(['https://h/r.git?nonsense=1'], { instruction: 'ADD' }), { code: 'GIT_REFERENCE' });
  t.throws(() => classifyAddSources(['http://h/x'], { instruction: 'COPY' }), {
    code: 'ADD_SOURCE',
    message: "source can't be a URL for COPY",
  });
  t.throws(() => classifyAddSources(['git://h/x'], { instruction: 'COPY' }), { message: /git ref for COPY/ });
});

test('a checksum is for one remote source of ADD', (t) => {
  const checksum = `sha256:${'0'.repeat(64)}`;
  t.throws(() => classifyAddSources(['a'], { instruction: 'ADD', checksum }), { message: /checksum requires HTTP/ });
  t.throws(() => classifyAddSources(['http://h/x', 'b'], { instruction: 'ADD', checksum }), {
    message: /checksum.*multiple/,
  });
  t.throws(() => classifyAddSources(['a'], { instruction: 'COPY', checksum }), { message: /checksum.*COPY/ });
  t.deepEqual(classifyAddSources(['http://h/x'], { instruction: 'ADD', checksum }), [
    { kind: 'url', url: 'http://h/x' },
  ]);
});
