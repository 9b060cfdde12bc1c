/** Build information as Go 1.18 and later writes it. */
export function goInfo(version: string, modules: string): Buffer {
  const head = Buffer.alloc(32);
  head.write('\xff Go buildinf:', 'latin1');
  head[14] = 8;
  head[15] = 2;
  const framed = modules === '' ? '' : `${'0'.repeat(16)}${modules}${'1'.repeat(16)}`;
  return Buffer.concat([head, counted(version), counted(framed)]);
}

/** An ELF file of 64 bits whose writable segment has this, at an offset that no page begins at. */
export function elfWithGo(info: Buffer): Buffer {
  const offset = 70_000 - (70_000 % 16) + 8;
  const padding = 24; // the segment begins at 8 modulo 16, the information at 16
  const data = Buffer.concat([Buffer.alloc(padding), info, Buffer.alloc(16)]);
  const head = Buffer.alloc(offset);
  head.write('\x7fELF\x02\x01\x01', 'latin1');
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(1, 56);
  head.writeUInt32LE(1, 64); // PT_LOAD
  head.writeUInt32LE(6, 68); // writable, readable
  head.writeBigUInt64LE(BigInt(offset), 72);
  head.writeBigUInt64LE(BigInt(0x400000 + offset), 80);
  head.writeBigUInt64LE(BigInt(data.length), 96);
  return Buffer.concat([head, data]);
}

function counted(text: string): Buffer {
  const bytes: number[] = [];
  let left = Buffer.byteLength(text);
  for (; left >= 0x80; left >>= 7) bytes.push((left & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...bytes, left]), Buffer.from(text)]);
}
