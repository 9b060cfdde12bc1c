import { checksumsOf, FIELD } from './tar-block.ts';
import { tarInvalid } from './tar-entry.ts';

/** A header block's fields as they are in it. */
export interface RawHeader {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Whole seconds. */
  readonly mtime: number;
  readonly type: string;
  readonly link: string;
  readonly device: readonly [number, number];
}

const STAR_PREFIX_BYTES = 131;

/**
 * Reads the block at `offset`: POSIX, GNU, star and V7 headers, octal and base-256 numbers.
 * @throws VarveError `TAR_INVALID`
 */
export function parseHeader(block: Buffer, offset: number): RawHeader {
  const text = ([start, length]: readonly [number, number]): string => {
    const from = offset + start;
    const nul = block.indexOf(0, from);
    return block.toString('latin1', from, nul < 0 ? from + length : Math.min(nul, from + length));
  };
  const name = text(FIELD.name);
  const number = (field: readonly [number, number], what: string): number => {
    const value = parseNumber(block, offset + field[0], field[1]);
    if (value === undefined) throw tarInvalid(name, `the ${what} is not a number`);
    return value;
  };
  const stored = number(FIELD.checksum, 'checksum');
  if (!checksumsOf(block, offset).includes(stored)) throw tarInvalid(name, 'the header checksum is wrong');
  const magic = block.toString('latin1', offset + FIELD.magic[0], offset + FIELD.magic[0] + FIELD.magic[1]);
  const isPosix = magic.startsWith('ustar\0');
  const isStar = isPosix && block.toString('latin1', offset + 508, offset + 512) === 'tar\0';
  const prefix = isPosix ? text([FIELD.prefix[0], isStar ? STAR_PREFIX_BYTES : FIELD.prefix[1]]) : '';
  const hasDevice = isPosix || magic === 'ustar  \0';
  const type = String.fromCharCode(block[offset + FIELD.type[0]] ?? 0);
  const isDevice = hasDevice && (type === '3' || type === '4');
  return {
    name: prefix ? `${prefix}/${name}` : name,
    mode: number(FIELD.mode, 'mode'),
    uid: number(FIELD.uid, 'uid'),
    gid: number(FIELD.gid, 'gid'),
    size: number(FIELD.size, 'size'),
    mtime: number(FIELD.mtime, 'mtime'),
    type,
    link: text(FIELD.link),
    device: isDevice ? [number(FIELD.major, 'device'), number(FIELD.minor, 'device')] : [0, 0],
  };
}

/** Octal, with spaces and NULs around it, or base-256 when the first bit is set; empty is 0. Undefined for others. */
function parseNumber(block: Buffer, start: number, length: number): number | undefined {
  const first = block[start] ?? 0;
  if (first & 0x80) {
    // Two's complement over the field without its first bit; the sign is the second bit.
    const isNegative = (first & 0x40) !== 0;
    let value = BigInt(isNegative ? (first & 0x7f) - 0x80 : first & 0x7f);
    for (let i = 1; i < length; i++) value = value * 256n + BigInt(block[start + i] ?? 0);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : undefined;
  }
  let i = start;
  const end = start + length;
  while (i < end && (block[i] === 0x20 || block[i] === 0)) i++;
  let value = 0;
  for (; i < end; i++) {
    const byte = block[i] ?? 0;
    if (byte === 0x20 || byte === 0) break;
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + byte - 0x30;
  }
  return value;
}
