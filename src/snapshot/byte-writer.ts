/** A growing buffer for the binary forms of this folder. Numbers are little-endian; varints are LEB128. */
export class ByteWriter {
  private buffer = Buffer.allocUnsafe(4096);
  private length = 0;

  private room(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + bytes));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }

  byte(value: number): void {
    this.room(1);
    this.buffer[this.length++] = value;
  }

  /** A whole number from 0 to 2^53 - 1. */
  varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a safe unsigned integer: ${value}`);
    this.room(8);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.length++] = rest;
  }

  uint64(value: bigint): void {
    this.room(8);
    this.length = this.buffer.writeBigUInt64LE(value, this.length);
  }

  /** Nanoseconds since 1970 as 64 bits of seconds, rounded down, and 32 of nanoseconds: all that statx can give. */
  time(ns: bigint): void {
    this.room(12);
    let seconds = ns / NS;
    let rest = ns - seconds * NS;
    if (rest < 0n) {
      seconds -= 1n;
      rest += NS;
    }
    this.length = this.buffer.writeBigInt64LE(seconds, this.length);
    this.length = this.buffer.writeUInt32LE(Number(rest), this.length);
  }

  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Exactly these bytes follow: hex digits of a digest. */
  hex(digits: string): void {
    this.room(digits.length / 2);
    const written = this.buffer.write(digits, this.length, 'hex');
    if (written * 2 !== digits.length) throw new RangeError(`not hex: ${digits}`);
    this.length += written;
  }

  /** Length and bytes. */
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** Length and bytes of a byte string. */
  byteString(text: string): void {
    this.varint(text.length);
    this.room(text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0xff) throw new RangeError(`not a byte string: ${JSON.stringify(text)}`);
      this.buffer[this.length++] = code;
    }
  }

  /** What was written, a view that the next write may change. */
  view(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** What was written, as a copy of its own. */
  take(): Buffer {
    return Buffer.from(this.view());
  }
}

const NS = 1_000_000_000n;
