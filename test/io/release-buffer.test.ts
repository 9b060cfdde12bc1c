import test from 'ava';
import { releaseBuffer, releasedChunks } from '../../src/io/release-buffer.ts';

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

test('memory as large as the pool of small buffers is given back, and the pool is not', (t) => {
  const whole = new Uint8Array(Buffer.poolSize);
  releaseBuffer(Buffer.from(whole.buffer));
  t.is(whole.length, 0);
  const small = Buffer.from('in the pool');
  releaseBuffer(small);
  t.is(`${small} ${Buffer.from('and after')}`, 'in the pool and after');
});

test('a stream’s chunks are whole until the next one is asked for', async (t) => {
  const chunks = Array.from({ length: 4 }, (_, i) => Buffer.alloc(100_000, i));
  async function* source(): AsyncGenerator<Buffer> {
    yield* chunks;
  }
  const seen: number[] = [];
  for await (const chunk of releasedChunks(source())) {
    t.true(chunk.every((byte) => byte === seen.length));
    seen.push(chunks.filter(({ length }) => length > 0).length);
  }
  t.deepEqual(seen, [4, 3, 2, 1]);
  t.true(chunks.every(({ length }) => length === 0));
});
