import type { BytePath } from '../io/byte-path.ts';
import { cleanValue, type FoundPackage } from './found-package.ts';

/** @see https://rpm-software-management.github.io/rpm/manual/tags.html */
const TAGS = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  license: 1014,
  url: 1020,
  arch: 1022,
  source: 1044,
} as const;
const TYPE_INT32 = 4;
const TYPE_STRING = 6;
const TYPE_I18N_STRING = 9;
const ENTRY_BYTES = 16;
const INTRO_BYTES = 8;
/** As rpm has them (lib/header.c): entries and bytes of one header. */
const MAX_ENTRIES = 65_536;

/**
 * The package of one header blob of an rpm database: counts, an index of 16 bytes an entry, then the data. Undefined for
 * what is none, and for the public keys that the database holds too.
 * @see https://rpm-software-management.github.io/rpm/manual/format_header.html
 */
export function readRpmHeader(blob: Buffer, foundIn: BytePath): FoundPackage | undefined {
  if (blob.length < INTRO_BYTES) return undefined;
  const [entries, dataBytes] = [blob.readUInt32BE(0), blob.readUInt32BE(4)];
  const dataStart = INTRO_BYTES + entries * ENTRY_BYTES;
  if (entries > MAX_ENTRIES || dataStart + dataBytes > blob.length) return undefined;
  const data = blob.subarray(dataStart, dataStart + dataBytes);
  const found = new Map<number, string>();
  for (let i = 0; i < entries; i++) {
    const at = INTRO_BYTES + i * ENTRY_BYTES;
    const value = readValue(data, blob.readUInt32BE(at + 4), blob.readUInt32BE(at + 8), blob.readUInt32BE(at + 12));
    if (value !== undefined) found.set(blob.readUInt32BE(at), value);
  }
  const text = (tag: keyof typeof TAGS): string | undefined => cleanValue(found.get(TAGS[tag]));
  const [name, version, release] = [text('name'), text('version'), text('release')];
  if (!name || !version || !release || name === 'gpg-pubkey') return undefined;
  const [arch, epoch, upstream, license, supplier, homepage] = [
    text('arch'),
    text('epoch'),
    text('source'),
    text('license'),
    text('vendor'),
    text('url'),
  ];
  return {
    type: 'rpm',
    name,
    version: `${version}-${release}`,
    qualifiers: {
      ...(arch ? { arch } : {}),
      ...(epoch ? { epoch } : {}),
      ...(upstream ? { upstream } : {}),
    },
    licenses: license ? [license] : [],
    foundIn,
    ...(supplier ? { supplier } : {}),
    ...(homepage ? { homepage } : {}),
  };
}

function readValue(data: Buffer, type: number, offset: number, count: number): string | undefined {
  if (count < 1 || offset >= data.length) return undefined;
  if (type === TYPE_INT32) return offset + 4 > data.length ? undefined : String(data.readUInt32BE(offset));
  if (type !== TYPE_STRING && type !== TYPE_I18N_STRING) return undefined;
  const end = data.indexOf(0, offset);
  return end < 0 ? undefined : data.toString('utf8', offset, end);
}
