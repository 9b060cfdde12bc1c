import { VarveError } from '../errors.ts';
import { type BytePath, toText } from '../io/byte-path.ts';
import type { Entry, EntryType } from '../snapshot/entry.ts';
import { encodePax, formatPaxTime, type PaxRecord, XATTR_PREFIX } from './pax.ts';
import { BLOCK, checksumsOf, FIELD, MAX_PAX_BYTES, paddingOf } from './tar-block.ts';

const TYPE_FLAG: Readonly<Record<EntryType, string>> = {
  file: '0',
  symlink: '2',
  char: '3',
  block: '4',
  dir: '5',
  fifo: '6',
};
const HARD_LINK = '1';
const NS = 1_000_000_000n;
/** Largest numbers of a ustar field: 7 and 11 octal digits. */
const MAX_7 = 0o7777777;
const MAX_11 = 0o77777777777;
/** Name of the block before an extended header, the same for all: nothing reads it. */
const PAX_NAME = '././@PaxHeader';

/**
 * The header blocks of one entry: a ustar header, before it a PAX header when something does not fit (names, numbers,
 * times with a fraction or before 1970, xattrs). The same arguments give the same bytes always (docs/layers.md).
 * `linkTo` makes it a hard link to a path that came before. The content and its padding follow; a link has none.
 * @throws VarveError `LAYER_ENTRY_UNSUPPORTED` for what tar cannot say
 */
export function tarHeader(path: BytePath, entry: Entry, linkTo?: BytePath): Buffer {
  const isLink = linkTo !== undefined;
  const records: PaxRecord[] = [];
  const name = entry.type === 'dir' && !isLink ? (path === '' ? './' : `${path}/`) : path;
  const [prefix, base] = splitName(name) ?? ['', undefined];
  if (base === undefined) records.push(['path', name]);
  const target = linkTo ?? (entry.type === 'symlink' ? (entry.target ?? '') : '');
  if (target.length > FIELD.link[1]) records.push(['linkpath', target]);
  const size = isLink || entry.type !== 'file' ? 0 : entry.size;
  const number = (key: string, value: number, max: number): number => {
    if (value <= max) return value;
    records.push([key, String(value)]);
    return 0;
  };
  const seconds = entry.mtime / NS;
  const plainTime = entry.mtime >= 0n && entry.mtime % NS === 0n && seconds <= BigInt(MAX_11);
  if (!plainTime) records.push(['mtime', formatPaxTime(entry.mtime)]);
  if (!isLink) records.push(...xattrRecords(path, entry));
  const block = headerBlock({
    name: base ?? name.slice(0, FIELD.name[1]),
    prefix,
    mode: entry.mode & 0o7777,
    uid: number('uid', entry.uid, MAX_7),
    gid: number('gid', entry.gid, MAX_7),
    size: number('size', size, MAX_11),
    // A reader without PAX gets the whole seconds where there are some.
    mtime: entry.mtime >= 0n && seconds <= BigInt(MAX_11) ? Number(seconds) : 0,
    type: isLink ? HARD_LINK : TYPE_FLAG[entry.type],
    link: target.slice(0, FIELD.link[1]),
    device: isLink ? undefined : checkedDevice(path, entry),
  });
  return records.length === 0 ? block : Buffer.concat([paxBlocks(path, records), block]);
}

/** Prefix and name of a ustar header; undefined when the name needs a PAX record. */
function splitName(name: BytePath): readonly [prefix: BytePath, name: BytePath] | undefined {
  const [, max] = FIELD.name;
  if (name.length <= max) return ['', name];
  // The first slash that leaves a name that fits; the part after it must not be empty.
  const slash = name.indexOf('/', name.length - max - 1);
  if (slash <= 0 || slash > FIELD.prefix[1] || slash === name.length - 1) return undefined;
  return [name.slice(0, slash), name.slice(slash + 1)];
}

function xattrRecords(path: BytePath, entry: Entry): PaxRecord[] {
  return (entry.xattrs ?? []).map(([name, value]) => {
    if (name.includes('=')) throw unsupported(path, `has the extended attribute ${JSON.stringify(name)}, with a =`);
    return [XATTR_PREFIX + Buffer.from(name, 'utf8').toString('latin1'), value.toString('latin1')];
  });
}

function checkedDevice(path: BytePath, entry: Entry): readonly [number, number] | undefined {
  if (entry.type !== 'char' && entry.type !== 'block') return undefined;
  const [major, minor] = entry.device ?? [0, 0];
  if (major > MAX_7 || minor > MAX_7) throw unsupported(path, `is the device ${major},${minor}, too large a number`);
  return [major, minor];
}

function unsupported(path: BytePath, what: string): VarveError {
  return new VarveError('LAYER_ENTRY_UNSUPPORTED', `/${toText(path)} ${what}, which a tar file cannot say`, {
    hint: 'remove it, or leave the file out of the layer',
  });
}

function paxBlocks(path: BytePath, records: readonly PaxRecord[]): Buffer {
  const body = encodePax(records);
  if (body.length > MAX_PAX_BYTES) throw unsupported(path, `has ${body.length} bytes of names and attributes`);
  const header = headerBlock({
    name: PAX_NAME,
    prefix: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    mtime: 0,
    type: 'x',
    link: '',
    device: undefined,
  });
  return Buffer.concat([header, body, Buffer.alloc(paddingOf(body.length))]);
}

interface UstarFields {
  readonly name: BytePath;
  readonly prefix: BytePath;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly type: string;
  readonly link: BytePath;
  readonly device: readonly [number, number] | undefined;
}

function headerBlock(fields: UstarFields): Buffer {
  const block = Buffer.alloc(BLOCK);
  const put = (field: readonly [number, number], value: string) => block.write(value, field[0], field[1], 'latin1');
  const octal = (field: readonly [number, number], value: number) =>
    put(field, `${value.toString(8).padStart(field[1] - 1, '0')}\0`);
  put(FIELD.name, fields.name);
  octal(FIELD.mode, fields.mode);
  octal(FIELD.uid, fields.uid);
  octal(FIELD.gid, fields.gid);
  octal(FIELD.size, fields.size);
  octal(FIELD.mtime, fields.mtime);
  put(FIELD.type, fields.type);
  put(FIELD.link, fields.link);
  put(FIELD.magic, 'ustar\x0000');
  octal(FIELD.major, fields.device?.[0] ?? 0);
  octal(FIELD.minor, fields.device?.[1] ?? 0);
  put(FIELD.prefix, fields.prefix);
  put(FIELD.checksum, `${checksumsOf(block)[0].toString(8).padStart(6, '0')}\0 `);
  return block;
}
