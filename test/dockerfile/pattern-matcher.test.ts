import test from 'ava';
import fc from 'fast-check';
import { createPatternMatcher } from '../../src/dockerfile/pattern-matcher.ts';
import { fromText } from '../../src/io/byte-path.ts';
import { refusal } from './support/parse.ts';

test('the last pattern that matches wins', (t) => {
  const { matches } = createPatternMatcher(['*', '!src', 'src/*.log', '!src/keep.log']);
  t.deepEqual(['a', 'src', 'src/a', 'src/x.log', 'src/keep.log', 'src/d/x.log'].map(matches), [
    true,
    false,
    false,
    true,
    false,
    false,
  ]);
});

test('a pattern that matches a directory again ignores what was taken back', (t) => {
  const { matches } = createPatternMatcher(['a*', '!a/b', 'a']);
  t.deepEqual(['a', 'a/b'].map(matches), [true, true]);
});

test('the root itself is never ignored', (t) => {
  const { matches } = createPatternMatcher(['**']);
  t.deepEqual(['.', '', 'a'].map(matches), [false, false, true]);
});

test('only itself, or with the directories above', (t) => {
  const matcher = createPatternMatcher(['dir']);
  t.true(matcher.matches('dir/a/b'));
  t.true(matcher.matchesOrParentMatches('dir/a/b'));
  t.false(matcher.matchesExact('dir/a/b'));
  t.true(matcher.matchesExact('dir'));
});

test('directories that need not be read', (t) => {
  const could = (patterns: string[], dir: string) => createPatternMatcher(patterns).couldContainExceptions(dir);
  t.false(could(['node_modules'], 'node_modules'));
  t.false(could(['*', '!src/main.c'], 'node_modules'));
  t.true(could(['*', '!src/main.c'], 'src'));
  t.true(could(['*', '!s*/deep/x'], 'src'));
  t.true(could(['*', '!s*/deep/x'], 'src/deep'));
  t.false(could(['*', '!s*/deep/x'], 'src/other'));
  t.false(could(['*', '!src'], 'srcs'));
  t.true(could(['**', '!**/keep'], 'any/where'));
  t.true(could(['a', '!a/b**'], 'a/bc/d'));
  t.false(could(['!a/b', 'a'], 'a'), 'a later pattern ignores it again');
  t.true(could(['a', '!a', 'a/x'], 'a'), 'taken back as a whole');
});

test('file names are bytes', (t) => {
  t.true(createPatternMatcher([fromText('a?b')]).matches(fromText('aäb')));
  t.true(createPatternMatcher(['a?b']).matches('a\xffb'), 'a byte that is no UTF-8 is one character');
  t.true(createPatternMatcher(['*.\xff']).matches('x.\xff'));
  t.false(createPatternMatcher([fromText('\u00e0')]).matches('\xc3'));
});

test('patterns that are none', (t) => {
  for (const pattern of ['[', 'a[', '[]a]', '[a-]', '\\', '!', '![']) {
    const error = refusal(() => createPatternMatcher([pattern]));
    t.is(error.code, 'PATTERN');
    t.truthy(error.hint);
  }
});

test('a hostile pattern is followed without backtracking', (t) => {
  // A backtracking matcher would need longer than the universe has been there.
  const matcher = createPatternMatcher([`${'**/'.repeat(20)}${'*a'.repeat(40)}[b]`]);
  t.false(matcher.matches('a/'.repeat(50) + 'a'.repeat(2000)));
});

const name = fc.constantFrom('a', 'b', 'ab', 'ba', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const piece = fc.constantFrom('a', 'b', 'ab', '*', '?', '**', 'a*', '*b', '[ab]', '[^a]', '**b');
const pattern = fc
  .tuple(fc.constantFrom('', '', '!'), fc.array(piece, { minLength: 1, maxLength: 3 }))
  .map(([mark, parts]) => mark + parts.join('/'));

test('in any order of questions the answers are the same', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 5 }), fc.array(path, { maxLength: 12 }), (patterns, paths) => {
        const shared = createPatternMatcher(patterns);
        for (const one of paths) t.is(shared.matches(one), createPatternMatcher(patterns).matches(one));
      }),
      { seed: 7, numRuns: 300 },
    ),
  );
});

test('a directory that need not be read holds nothing that is taken back', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 5 }), path, path, (patterns, dir, below) => {
        const matcher = createPatternMatcher(patterns);
        if (!matcher.matches(dir) || matcher.couldContainExceptions(dir)) return true;
        return matcher.matches(`${dir}/${below}`);
      }),
      { seed: 8, numRuns: 2000 },
    ),
  );
});

test('the same as a regular expression made from the pattern', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 3 }), path, (parts, one) => {
        const text = parts.join('/');
        // `**b` alone is a suffix to Docker, not a directory and a name.
        if (/^\*\*b?(?:\/(?:a|b|ab))*$/.test(text)) return true;
        const source = text.replaceAll(/\*\*\/?(?=.)|\*\*\/?$|\*|\?/g, (mark, at: number) =>
          mark === '*' ? '[^/]*' : mark === '?' ? '[^/]' : at + mark.length === text.length ? '.*' : '(.*/)?',
        );
        return createPatternMatcher([text]).matchesExact(one) === new RegExp(`^${source}$`, 's').test(one);
      }),
      { seed: 9, numRuns: 2000 },
    ),
  );
});
