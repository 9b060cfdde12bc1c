import test from 'ava';
import fc from 'fast-check';
import { createFrameReader } from '../../src/cas/frame-reader.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

test('frames come out whole, however the stream is cut', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(
        fc.array(bytes, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (frames, cuts) => {
          const stream = Buffer.concat(frames.map((frame) => Buffer.concat([lengthOf(frame.length), frame])));
          const reader = createFrameReader(300);
          const out: Buffer[] = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const end = at + cuts[i % cuts.length]!;
            out.push(...reader.feed(stream.subarray(at, end)).map((frame) => Buffer.from(frame)));
            at = end;
          }
          return Buffer.concat(out).equals(Buffer.concat(frames)) && out.length === frames.length;
        },
      ),
    ),
  );
});

test('a frame above the limit is refused before its bytes are taken', (t) => {
  t.throws(() => createFrameReader(100).feed(lengthOf(101)), { message: /101 bytes/ });
  t.notThrows(() => createFrameReader(100).feed(lengthOf(100)));
});

function lengthOf(length: number): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32LE(length);
  return header;
}
