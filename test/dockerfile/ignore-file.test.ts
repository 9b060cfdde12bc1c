import test from 'ava';
import { parseIgnoreFile } from '../../src/dockerfile/ignore-file.ts';

test('lines are trimmed, cleaned and kept in order', (t) => {
  const text = '\ufeff# comment\n # no comment\n\n/a/../b/ \r\n!  ./c//d\n\tx\t';
  t.deepEqual(parseIgnoreFile(Buffer.from(text)), ['# no comment', 'b', '!c/d', 'x']);
});

test('bytes that are no UTF-8 survive, and no part of a character is taken for white space', (t) => {
  t.deepEqual(parseIgnoreFile(Buffer.from('a\xff\nvoil\xc3\xa0\n\xe2\x80\x83x', 'latin1')), [
    'a\xff',
    'voil\xc3\xa0',
    'x',
  ]);
});
