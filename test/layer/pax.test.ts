import test from 'ava';
import fc from 'fast-check';
import { decodePax, encodePax, formatPaxTime, parsePaxTime } from '../../src/layer/pax.ts';

const bytes = (min: number) =>
  fc.uint8Array({ minLength: min, maxLength: 200 }).map((b) => Buffer.from(b).toString('latin1'));

test('any bytes in a value come back', (t) => {
  const key = fc.stringMatching(/^[A-Za-z][A-Za-z0-9.]{0,20}$/);
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(key, bytes(0)), { selector: ([k]) => k }), (records) => {
      const sorted = [...records].sort(([a], [b]) => (a < b ? -1 : 1));
      t.deepEqual(decodePax(encodePax(records)), sorted);
    }),
  );
});

test('the length counts its own digits', (t) => {
  for (let size = 1; size < 1100; size++) {
    const encoded = encodePax([['path', 'x'.repeat(size)]]);
    t.is(Number.parseInt(encoded.toString('latin1'), 10), encoded.length);
  }
});

test('records that are not well formed are refused', (t) => {
  for (const text of [
    '5 a=b',
    '6 a=b',
    '99 a=b\n',
    '0 a=b\n',
    '-6 a=b\n',
    '6 =bc\n',
    '5 =b\n',
    'x',
    '6 a=bX',
    '7 a\0=b\n',
    '4 a\n',
  ])
    t.is(decodePax(Buffer.from(text, 'latin1')), undefined, JSON.stringify(text));
});

test('times come back to the nanosecond', (t) => {
  fc.assert(fc.property(fc.bigInt(-(2n ** 70n), 2n ** 70n), (ns) => t.is(parsePaxTime(formatPaxTime(ns)), ns)));
});

test('times as text', (t) => {
  const rows: [bigint, string][] = [
    [0n, '0'],
    [1n, '0.000000001'],
    [-1n, '-0.000000001'],
    [-1_500_000_000n, '-1.5'],
    [2_208_988_800_000_000_000n, '2208988800'],
    [1_700_000_000_120_000_000n, '1700000000.12'],
  ];
  for (const [ns, text] of rows) t.is(formatPaxTime(ns), text);
  t.is(parsePaxTime('1.1234567899'), 1_123_456_789n);
  for (const text of ['', '1e9', '1.2.3', '+1', 'abc', '1,5']) t.is(parsePaxTime(text), undefined, text);
});
