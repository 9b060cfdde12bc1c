/** A part of a file that is loaded as writable data. */
export interface DataSegment {
  readonly offset: number;
  /** Where it lies in memory, modulo 4 KiB. */
  readonly address: number;
  readonly size: number;
}

export interface ElfHead {
  readonly isLittleEndian: boolean;
  readonly segments: readonly DataSegment[];
}

const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const PT_LOAD = 1;
const PAGE_BYTES = 4096;
const PF_X = 1;
const PF_W = 2;
/** Real programs have about ten. */
const MAX_SEGMENTS = 256;

/**
 * The writable data segments that an ELF file's program headers name, lowest first; undefined when it is no ELF file or
 * its headers are not in `head`.
 * @see https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html
 */
export function readElfHead(head: Buffer): ElfHead | undefined {
  if (head.length < 64 || !head.subarray(0, 4).equals(MAGIC)) return undefined;
  const is64 = head[4] === 2;
  const isLittleEndian = head[5] === 1;
  const u16 = (at: number): number => (isLittleEndian ? head.readUInt16LE(at) : head.readUInt16BE(at));
  const u32 = (at: number): number => (isLittleEndian ? head.readUInt32LE(at) : head.readUInt32BE(at));
  const u64 = (at: number): number => Number(isLittleEndian ? head.readBigUInt64LE(at) : head.readBigUInt64BE(at));
  const start = is64 ? u64(32) : u32(28);
  const entryBytes = u16(is64 ? 54 : 42);
  const count = u16(is64 ? 56 : 44);
  if (count > MAX_SEGMENTS || entryBytes < (is64 ? 56 : 32) || start + count * entryBytes > head.length)
    return undefined;
  const segments: DataSegment[] = [];
  for (let i = 0; i < count; i++) {
    const at = start + i * entryBytes;
    const flags = u32(at + (is64 ? 4 : 24));
    if (u32(at) !== PT_LOAD || (flags & (PF_X | PF_W)) !== PF_W) continue;
    segments.push(
      is64
        ? { offset: u64(at + 8), address: u32(at + (isLittleEndian ? 16 : 20)) % PAGE_BYTES, size: u64(at + 32) }
        : { offset: u32(at + 4), address: u32(at + 8) % PAGE_BYTES, size: u32(at + 16) },
    );
  }
  return { isLittleEndian, segments: segments.sort((a, b) => a.offset - b.offset) };
}
