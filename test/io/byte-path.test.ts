import test from 'ava';
import { baseOf, compareBytes, fromText, joinBytes, parentOf, toFsPath, toText } from '../../src/io/byte-path.ts';

test('text there and back, and bytes that are no text', (t) => {
  for (const text of ['', 'plain', 'caf\u00e9', '\u20ac/\u{1f600}']) {
    t.is(toText(fromText(text)), text);
    t.deepEqual(toFsPath(fromText(text)), Buffer.from(text));
  }
  t.deepEqual(toFsPath('a\xff\xfe'), Buffer.from([0x61, 0xff, 0xfe]));
  t.is(toText('a\xff'), 'a\ufffd');
});

test('the order is that of the bytes, not of UTF-16', (t) => {
  const texts = ['\u{10000}', '\uffff', 'a', 'B', '\u00e9', ''];
  const sorted = texts.map(fromText).sort(compareBytes).map(toText);
  t.deepEqual(
    sorted,
    texts.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  );
  t.is(compareBytes('a', 'a'), 0);
  t.true(texts.toSorted().join() !== sorted.join(), 'this list tells them apart');
});

test('joining and parting', (t) => {
  t.deepEqual(
    [joinBytes('a', 'b'), joinBytes('', 'b'), joinBytes('a', ''), joinBytes('/', 'b'), joinBytes('a/', 'b')],
    ['a/b', 'b', 'a', '/b', 'a/b'],
  );
  t.deepEqual([parentOf('a/b/c'), parentOf('a'), parentOf('')], ['a/b', '', '']);
  t.deepEqual([baseOf('a/b/c'), baseOf('a'), baseOf('')], ['c', 'a', '']);
});
