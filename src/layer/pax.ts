import type { BytePath } from '../io/byte-path.ts';

/** Keyword and value, both as byte strings. An empty value takes the keyword back (xattrs excepted). */
export type PaxRecord = readonly [key: string, value: BytePath];

export const XATTR_PREFIX = 'SCHILY.xattr.';
const NS = 1_000_000_000n;
const NS_DIGITS = 9;

/**
 * Extended header records, in byte order of their keywords: `LENGTH KEY=VALUE\n`, LENGTH counting itself.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03
 */
export function encodePax(records: readonly PaxRecord[]): Buffer {
  const sorted = [...records].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Buffer.from(
    sorted
      .map(([key, value]) => {
        const rest = key.length + value.length + 3; // space, =, newline
        let length = rest + String(rest).length;
        if (String(length).length !== String(rest).length) length = rest + String(length).length;
        return `${length} ${key}=${value}\n`;
      })
      .join(''),
    'latin1',
  );
}

/**
 * Takes records apart without caring what the values' bytes are; undefined when they are not well formed (wrong
 * lengths, no `=`, a NUL in a keyword).
 */
export function decodePax(data: Buffer): PaxRecord[] | undefined {
  const records: PaxRecord[] = [];
  let offset = 0;
  while (offset < data.length) {
    const space = data.indexOf(0x20, offset);
    const digits = space < 0 ? '' : data.toString('latin1', offset, space);
    if (!/^[1-9]\d{0,8}$/.test(digits)) return undefined;
    const end = offset + Number(digits);
    if (end > data.length || end <= space + 1 || data[end - 1] !== 0x0a) return undefined;
    const record = data.toString('latin1', space + 1, end - 1);
    const equals = record.indexOf('=');
    if (equals <= 0 || record.lastIndexOf('\0', equals) >= 0) return undefined;
    records.push([record.slice(0, equals), record.slice(equals + 1)]);
    offset = end;
  }
  return records;
}

/** Nanoseconds since 1970 as decimal seconds, without trailing zeros: `-1.5`. */
export function formatPaxTime(ns: bigint): string {
  const absolute = ns < 0n ? -ns : ns;
  const fraction = (absolute % NS).toString().padStart(NS_DIGITS, '0').replace(/0+$/, '');
  return `${ns < 0n ? '-' : ''}${absolute / NS}${fraction && `.${fraction}`}`;
}

/** The reverse; digits past the ninth are cut off, as Go does. Undefined for anything but a decimal number. */
export function parsePaxTime(text: string): bigint | undefined {
  const match = /^(-?)(\d{1,18})(?:\.(\d*))?$/.exec(text);
  if (!match) return undefined;
  const fraction = (match[3] ?? '').slice(0, NS_DIGITS).padEnd(NS_DIGITS, '0');
  const absolute = BigInt(match[2] ?? '') * NS + BigInt(fraction);
  return match[1] ? -absolute : absolute;
}
