import type { BytePath } from '../io/byte-path.ts';
import type { EntryType, Xattr } from '../snapshot/entry.ts';
import { decodePax, parsePaxTime, XATTR_PREFIX } from './pax.ts';
import { type TarEntry, tarInvalid, tarUnsupported } from './tar-entry.ts';
import type { RawHeader } from './tar-fields.ts';

const LIBARCHIVE_XATTR_PREFIX = 'LIBARCHIVE.xattr.';
const NS = 1_000_000_000n;
/** Largest uid or gid: 2^32-1 means "leave as it is" to chown. */
const MAX_ID = 0xfffffffe;

const TYPES: Readonly<Record<string, EntryType | 'hardlink'>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file', // "contiguous", a file everywhere
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'dir',
  '6': 'fifo',
};

const REFUSED_TYPES: Readonly<Record<string, string>> = {
  S: 'a GNU sparse file',
  D: 'a GNU incremental directory',
  M: 'the continuation of a multi-volume file',
  V: 'a volume label',
  N: 'an old GNU long name',
  X: 'a Solaris extended header',
};

/** What extended headers said, until the entry that they are about. */
export interface TarExtensions {
  /** Takes the content of an `x`, `g`, `L` or `K` header. @throws VarveError `TAR_INVALID` */
  add(type: string, data: Buffer): void;
  /** The next entry. @throws VarveError `TAR_INVALID`, `TAR_UNSUPPORTED` */
  apply(header: RawHeader): TarEntry;
  /** Whether something waits for an entry. */
  readonly isPending: boolean;
}

export function createTarExtensions(): TarExtensions {
  const global = new Map<string, string>();
  let local = new Map<string, string>();
  let longName: BytePath | undefined;
  let longLink: BytePath | undefined;
  return {
    get isPending() {
      return local.size > 0 || longName !== undefined || longLink !== undefined;
    },
    add(type, data) {
      if (type === 'L' || type === 'K') {
        const nul = data.indexOf(0);
        const name = data.toString('latin1', 0, nul < 0 ? data.length : nul);
        if (type === 'L') longName = name;
        else longLink = name;
        return;
      }
      const records = decodePax(data);
      if (!records) throw tarInvalid(undefined, 'a PAX header is not well formed');
      if (type === 'x') local = new Map(records);
      else for (const [key, value] of records) global.set(key, value);
    },
    apply(header) {
      const records = global.size === 0 ? local : new Map([...global, ...local]);
      const entry = merge(header, records, longName, longLink);
      local = new Map();
      longName = undefined;
      longLink = undefined;
      return entry;
    },
  };
}

function merge(
  header: RawHeader,
  records: ReadonlyMap<string, string>,
  longName: BytePath | undefined,
  longLink: BytePath | undefined,
): TarEntry {
  const name = longName ?? (records.get('path') || header.name);
  const refused = REFUSED_TYPES[header.type];
  if (refused) throw tarUnsupported(name, refused);
  for (const key of records.keys()) if (key.startsWith('GNU.sparse.')) throw tarUnsupported(name, 'a GNU sparse file');
  let type = TYPES[header.type];
  if (!type) throw tarUnsupported(name, `an entry of type ${JSON.stringify(header.type)}`);
  // Before ustar a directory was a file whose name ends with a slash.
  if (type === 'file' && name.endsWith('/')) type = 'dir';
  const number = (key: 'uid' | 'gid' | 'size', max: number): number => {
    const text = records.get(key);
    const value = text ? (/^\d{1,16}$/.test(text) ? Number(text) : Number.NaN) : header[key];
    if (!(value >= 0 && value <= max)) throw tarInvalid(name, `its ${key} is out of range`);
    return value;
  };
  const size = number('size', Number.MAX_SAFE_INTEGER);
  const time = records.get('mtime');
  const mtime = time ? parsePaxTime(time) : BigInt(header.mtime) * NS;
  if (mtime === undefined) throw tarInvalid(name, `its mtime ${JSON.stringify(time)} is not a time`);
  return {
    name,
    type,
    mode: header.mode & 0o7777,
    uid: number('uid', MAX_ID),
    gid: number('gid', MAX_ID),
    size: type === 'file' ? size : 0,
    mtime,
    link: longLink ?? (records.get('linkpath') || header.link),
    device: header.device,
    xattrs: xattrsOf(records),
  };
}

/** As GNU tar and Go write them, and as libarchive does (name in URL encoding, value in base64). */
function xattrsOf(records: ReadonlyMap<string, string>): Xattr[] {
  const xattrs = new Map<string, Buffer>();
  for (const [key, value] of records) {
    if (key.startsWith(LIBARCHIVE_XATTR_PREFIX)) {
      const name = key.slice(LIBARCHIVE_XATTR_PREFIX.length);
      const decoded = name.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      xattrs.set(utf8(decoded), Buffer.from(value, 'base64'));
    }
  }
  for (const [key, value] of records)
    if (key.startsWith(XATTR_PREFIX)) xattrs.set(utf8(key.slice(XATTR_PREFIX.length)), Buffer.from(value, 'latin1'));
  return [...xattrs].sort(([a], [b]) => (a < b ? -1 : 1));
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
