import { VarveError } from '../errors.ts';
import { type BytePath, toFsPath, toText } from '../io/byte-path.ts';
import type { Digest } from '../oci/digest.ts';
import type { Entry, EntryType } from '../snapshot/entry.ts';

/** The tar entry of the table of contents, the last one. */
export const TOC_NAME = 'stargz.index.json';
/** Says that no file is wanted before all others; the other landmark says up to where files are. */
export const NO_PREFETCH_LANDMARK = '.no.prefetch.landmark';
export const PREFETCH_LANDMARK = '.prefetch.landmark';
export const LANDMARK_CONTENT = Buffer.from([0x0f]);
/** On the layer's descriptor. */
export const TOC_DIGEST_ANNOTATION = 'containerd.io/snapshot/stargz/toc.digest';
export const UNCOMPRESSED_SIZE_ANNOTATION = 'io.containers.estargz.uncompressed-size';
const FOOTER_BYTES = 51;
const NS_PER_SECOND = 1_000_000_000n;

/** One line of the table; numbers and texts that are 0 or empty are left out, as Go's omitempty does. */
export interface TocEntry {
  name: string;
  type: 'dir' | 'reg' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo' | 'chunk';
  size?: number;
  /** RFC 3339, whole seconds. */
  modtime?: string;
  linkName?: string;
  mode?: number;
  uid?: number;
  gid?: number;
  devMajor?: number;
  devMinor?: number;
  /** Base64. */
  xattrs?: Record<string, string>;
  digest?: Digest;
  /** Where the gzip member with the payload starts in the blob. */
  offset?: number;
  chunkOffset?: number;
  /** Absent for the last chunk. */
  chunkSize?: number;
  chunkDigest?: Digest;
}

const TYPES: Readonly<Record<EntryType, TocEntry['type']>> = {
  file: 'reg',
  dir: 'dir',
  symlink: 'symlink',
  char: 'char',
  block: 'block',
  fifo: 'fifo',
};

/**
 * What the table says of an entry, without where its payload is.
 * @throws VarveError `LAYER_ENTRY_UNSUPPORTED` for a name that JSON cannot have
 * @see https://github.com/containerd/stargz-snapshotter/blob/v0.16.3/docs/estargz.md#toc-tocentries-and-footer
 */
export function tocEntry(path: BytePath, entry: Entry, linkTo?: BytePath): TocEntry {
  const isLink = linkTo !== undefined;
  const isDir = entry.type === 'dir' && !isLink;
  const target = linkTo ?? (entry.type === 'symlink' ? entry.target : undefined);
  const [major = 0, minor = 0] = isLink ? [] : (entry.device ?? []);
  const xattrs = isLink ? [] : (entry.xattrs ?? []);
  const size = isLink || entry.type !== 'file' ? 0 : entry.size;
  return {
    name: isDir ? (path === '' ? './' : `${utf8(path)}/`) : utf8(path),
    type: isLink ? 'hardlink' : TYPES[entry.type],
    ...(size > 0 ? { size } : {}),
    ...modtime(entry.mtime),
    ...(target ? { linkName: utf8(target) } : {}),
    ...(entry.mode ? { mode: entry.mode } : {}),
    ...(entry.uid ? { uid: entry.uid } : {}),
    ...(entry.gid ? { gid: entry.gid } : {}),
    ...(major ? { devMajor: major } : {}),
    ...(minor ? { devMinor: minor } : {}),
    ...(xattrs.length
      ? { xattrs: Object.fromEntries(xattrs.map(([name, value]) => [name, value.toString('base64')])) }
      : {}),
    ...(size > 0 && entry.digest ? { digest: entry.digest } : {}),
  };
}

/** Rounded to a second as Go's Time.Round does. */
function modtime(mtime: bigint): Pick<TocEntry, 'modtime'> {
  const seconds = Number((mtime + NS_PER_SECOND / 2n) / NS_PER_SECOND);
  if (seconds === 0) return {};
  return { modtime: new Date(seconds * 1000).toISOString().replace('.000Z', 'Z') };
}

function utf8(path: BytePath): string {
  const bytes = toFsPath(path);
  const text = bytes.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(bytes)) return text;
  throw new VarveError('LAYER_ENTRY_UNSUPPORTED', `/${toText(path)} is no UTF-8, which an eStargz layer must have`, {
    hint: 'rename it, or use another --compression',
  });
}

/** The empty gzip member at the end, which says where the table's member starts. */
export function tocFooter(offset: number): Buffer {
  const text = Buffer.from(`${offset.toString(16).padStart(16, '0')}STARGZ`, 'latin1');
  const field = Buffer.concat([Buffer.from([0x53, 0x47, text.length, 0]), text]);
  const footer = Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, field.length, 0]),
    field,
    // One stored block of no bytes; then CRC and size of nothing.
    Buffer.from([1, 0, 0, 0xff, 0xff]),
    Buffer.alloc(8),
  ]);
  if (footer.length !== FOOTER_BYTES) throw new Error(`a footer of ${footer.length} bytes`);
  return footer;
}
