/** Bytes of a tar block; headers are one, contents are padded to whole ones. */
export const BLOCK = 512;
/** What ends an archive: two blocks of zeros. */
export const TRAILER_BYTES = 2 * BLOCK;
/** Most bytes of an extended header or a long name: what Go's archive/tar takes (maxSpecialFileSize). */
export const MAX_PAX_BYTES = 1024 * 1024;

/**
 * Where the fields of a header are: [offset, length].
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
export const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  link: [157, 100],
  magic: [257, 8],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const;

/** Bytes of zeros after a content of this size. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** Sum of a header's bytes, with spaces for the checksum itself; as unsigned and (some old tars) as signed bytes. */
export function checksumsOf(header: Buffer, offset = 0): readonly [unsigned: number, signed: number] {
  let sum = 0;
  let high = 0;
  for (let i = offset; i < offset + BLOCK; i++) {
    const byte = header[i]!;
    sum += byte;
    high += byte >> 7;
  }
  const [start, length] = FIELD.checksum;
  for (let i = offset + start; i < offset + start + length; i++) {
    const byte = header[i]!;
    sum += 0x20 - byte;
    high -= byte >> 7;
  }
  return [sum, sum - 256 * high];
}
