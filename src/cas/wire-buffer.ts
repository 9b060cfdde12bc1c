/** Little-endian fields one after the other, into a buffer that grows. */
export interface WireWriter {
  u8(value: number): void;
  u32(value: number): void;
  /** u32 length, then the bytes. */
  bytes(value: Buffer): void;
  /** u16 length, then one byte for each character, which is ASCII. */
  text(value: string): void;
  /** The whole frame: u32 length of what follows, then the fields. */
  frame(): Buffer;
}

/** @param expected bytes to begin with; more are taken when they are needed */
export function createWireWriter(expected: number): WireWriter {
  let buffer = Buffer.allocUnsafe(expected + 4);
  let used = 4;
  const need = (bytes: number): number => {
    const at = used;
    used += bytes;
    if (used > buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(used, buffer.length * 2));
      buffer.copy(larger, 0, 0, at);
      buffer = larger;
    }
    return at;
  };
  return {
    // First the room, then the buffer: it may be another one by then.
    u8(value) {
      const at = need(1);
      buffer.writeUInt8(value, at);
    },
    u32(value) {
      const at = need(4);
      buffer.writeUInt32LE(value, at);
    },
    bytes(value) {
      const at = need(4 + value.length);
      buffer.writeUInt32LE(value.length, at);
      value.copy(buffer, at + 4);
    },
    text(value) {
      const at = need(2 + value.length);
      buffer.writeUInt16LE(value.length, at);
      buffer.write(value, at + 2, 'latin1');
    },
    frame() {
      buffer.writeUInt32LE(used - 4, 0);
      return buffer.subarray(0, used);
    },
  };
}

/** Takes fields in the order in which they were written. @throws RangeError past the end */
export interface WireReader {
  u8(): number;
  u32(): number;
  /** Shares the frame's memory. */
  bytes(): Buffer;
  text(): string;
}

export function createWireReader(frame: Buffer): WireReader {
  let at = 0;
  const take = (length: number): number => {
    const start = at;
    at += length;
    if (at > frame.length) throw new RangeError(`a field ends at ${at} of ${frame.length} bytes`);
    return start;
  };
  const u32 = (): number => frame.readUInt32LE(take(4));
  return {
    u8: () => frame.readUInt8(take(1)),
    u32,
    bytes() {
      const length = u32();
      const start = take(length);
      return frame.subarray(start, start + length);
    },
    text() {
      const length = frame.readUInt16LE(take(2));
      const start = take(length);
      return frame.toString('latin1', start, start + length);
    },
  };
}
