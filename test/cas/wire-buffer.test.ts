import test from 'ava';
import { createWireReader, createWireWriter } from '../../src/cas/wire-buffer.ts';

test('every field may be the one for which the buffer has to grow', (t) => {
  for (let expected = 0; expected < 40; expected++) {
    const writer = createWireWriter(expected);
    for (let i = 0; i < 10; i++) {
      writer.u8(i);
      writer.u32(i * 1000);
      writer.text(`t${i}`);
      writer.bytes(Buffer.from(`bytes ${i}`));
    }
    const frame = writer.frame();
    t.is(frame.readUInt32LE(0), frame.length - 4);
    const reader = createWireReader(frame.subarray(4));
    for (let i = 0; i < 10; i++)
      t.deepEqual(
        [reader.u8(), reader.u32(), reader.text(), `${reader.bytes()}`],
        [i, i * 1000, `t${i}`, `bytes ${i}`],
      );
  }
});
