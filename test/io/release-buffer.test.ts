import test from 'ava';
import { releaseBuffer } from '../../src/io/release-buffer.ts';

test('a large buffer is empty from then on, and may be released twice', (t) => {
  const buffer = Buffer.allocUnsafeSlow(1_000_000);
  const part = buffer.subarray(10, 20);
  releaseBuffer(part);
  releaseBuffer(buffer);
  t.is(buffer.length, 0);
  t.is(part.length, 0);
});

test('a small buffer shares its memory with others and stays', (t) => {
  const buffers = ['a', 'b'].map((text) => Buffer.from(text.repeat(100)));
  releaseBuffer(buffers[0]!);
  t.deepEqual(
    buffers.map((buffer) => buffer.toString('latin1', 0, 1)),
    ['a', 'b'],
  );
});
