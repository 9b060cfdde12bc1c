/** Reads what {@link ByteWriter} wrote. Every method throws a RangeError when the bytes end too early. */
export class ByteReader {
  private readonly buffer: Buffer;
  private at = 0;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
  }

  get done(): boolean {
    return this.at === this.buffer.length;
  }

  private skip(bytes: number): number {
    const start = this.at;
    if (bytes > this.buffer.length - start) throw new RangeError('unexpected end');
    this.at = start + bytes;
    return start;
  }

  byte(): number {
    return this.buffer[this.skip(1)]!;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      // Zeros without end would make the factor infinite, and the value, the place and the next byte no numbers.
      if (factor > Number.MAX_SAFE_INTEGER) throw new RangeError('varint too long');
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('varint too large');
      if (byte < 0x80) {
        if (byte === 0 && factor > 1) throw new RangeError('varint not minimal');
        return value;
      }
    }
  }

  uint64(): bigint {
    return this.buffer.readBigUInt64LE(this.skip(8));
  }

  time(): bigint {
    const start = this.skip(12);
    const nanos = this.buffer.readUInt32LE(start + 8);
    if (nanos >= 1_000_000_000) throw new RangeError('nanoseconds out of range');
    return this.buffer.readBigInt64LE(start) * 1_000_000_000n + BigInt(nanos);
  }

  hex(bytes: number): string {
    const start = this.skip(bytes);
    return this.buffer.toString('hex', start, this.at);
  }

  /** A copy. */
  bytes(): Buffer {
    return this.raw(this.varint());
  }

  /** A copy of exactly this many bytes. */
  raw(bytes: number): Buffer {
    const start = this.skip(bytes);
    return Buffer.from(this.buffer.subarray(start, this.at));
  }

  byteString(): string {
    const start = this.skip(this.varint());
    return this.buffer.toString('latin1', start, this.at);
  }
}
