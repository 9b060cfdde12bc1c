import test from 'ava';
import { sourceExcerpt } from '../../src/cli/source-excerpt.ts';

const source = ['1', '2', '3', '4', '5', '6', '7', '8', '9'].map((line) => `${line}\r\n`).join('');
const numbers = (start: number, end: number) =>
  [...sourceExcerpt(source, { file: 'f', start, end }).matchAll(/^ {3}(\d+) \| (>>>| {3})/gm)].map(
    ([, number, mark]) => `${number}${mark === '>>>' ? '*' : ''}`,
  );

test('two lines around one, one around several', (t) => {
  t.deepEqual(numbers(5, 5), ['3', '4', '5*', '6', '7']);
  t.deepEqual(numbers(1, 1), ['1*', '2', '3']);
  t.deepEqual(numbers(4, 5), ['3', '4*', '5*', '6']);
});

test('as buildx prints it', (t) => {
  t.is(
    sourceExcerpt('FROM a\nRUN b', { file: 'Dockerfile', start: 2, end: 2 }),
    'Dockerfile:2\n--------------------\n   1 |     FROM a\n   2 | >>> RUN b\n--------------------\n',
  );
});

test('lines that are not there', (t) => {
  t.is(sourceExcerpt('', { file: 'f', start: 3, end: 3 }), '');
  t.regex(sourceExcerpt('a', { file: 'f', start: 1, end: 9 }), />>> a\n-+\n$/);
});
