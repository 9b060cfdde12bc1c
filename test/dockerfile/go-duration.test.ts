import test from 'ava';
import { parseGoDuration } from '../../src/dockerfile/go-duration.ts';
import { refusal } from './support/parse.ts';

test('durations', (t) => {
  const cases: [string, number][] = [
    ['0', 0],
    ['+5s', 5e9],
    ['-1.5h', -5_400e9],
    ['1h2m3.5s', 3_723_500_000_000],
    ['.5s', 5e8],
    ['1.s', 1e9],
    ['100ns', 100],
    ['2us3µs4μs', 9000],
    ['1.0000000001s', 1e9],
    ['0.100000000000000000000h', 360e9],
  ];
  for (const [text, ns] of cases) t.is(parseGoDuration(text), ns, text);
});

test('what is none', (t) => {
  for (const text of [
    '',
    '-',
    '5',
    '3 s',
    's',
    '.s',
    '1.2.3s',
    '1d',
    'x',
    '9223372036854775808ns',
    '99999999999999999999h',
  ]) {
    const error = refusal(() => parseGoDuration(text));
    t.is(error.code, 'DURATION', text);
    t.true(error.message.includes(`"${text}"`));
  }
});
