import test from 'ava';
import { createFileMatch, fileMatch } from '../../src/dockerfile/file-match.ts';
import { refusal } from './support/parse.ts';

test('wildcards stop at slashes, dots are nothing special', (t) => {
  const cases: [string, string, boolean][] = [
    ['*', '.hidden', true],
    ['*', 'a/b', false],
    ['**', 'a/b', false],
    ['a/*/c', 'a/b/c', true],
    ['?', '☺', true],
    ['?', '/', false],
    ['[^a]', '/', true],
    ['[]-]', ']', false],
    ['[a-c]x[\\]]', 'bx]', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['[z-a]', 'm', false],
    ['a*b*c', 'a-b-b-c', true],
    ['', '', true],
    ['a', 'ab', false],
  ];
  for (const [pattern, name, expected] of cases) {
    if (pattern === '[]-]') t.is(refusal(() => fileMatch(pattern, name)).code, 'PATTERN');
    else t.is(fileMatch(pattern, name), expected, `${pattern} ${name}`);
  }
});

test('a malformed pattern is refused whatever the name', (t) => {
  t.regex(refusal(() => createFileMatch('x[')).message, /syntax error in pattern "x\["/);
});
