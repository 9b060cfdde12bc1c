import { toText } from '../../io/byte-path.ts';
import type { Entry, LayerItem } from '../../snapshot/entry.ts';

/** One path of a layer or filesystem, for people and scripts; names that are no UTF-8 are shown as well as may be. */
export interface FileLine {
  /** With a leading slash. */
  readonly path: string;
  /** `removed` and `opaque` are a layer's whiteouts. */
  readonly kind: Entry['type'] | 'removed' | 'opaque';
  /** Octal, as ls and chmod have it: `0755`. */
  readonly mode?: string;
  readonly owner?: string;
  readonly size?: number;
  readonly digest?: string;
  readonly target?: string;
  readonly device?: string;
  readonly xattrs?: Readonly<Record<string, string>>;
  /** RFC 3339 */
  readonly mtime?: string;
}

export function fileLine(item: LayerItem): FileLine {
  const path = `/${toText(item.path)}`;
  if (item.kind !== 'entry') return { path, kind: item.kind === 'whiteout' ? 'removed' : 'opaque' };
  const { entry } = item;
  return {
    path,
    kind: entry.type,
    mode: entry.mode.toString(8).padStart(4, '0'),
    owner: `${entry.uid}:${entry.gid}`,
    ...(entry.type === 'file' ? { size: entry.size } : {}),
    ...(entry.digest === undefined ? {} : { digest: entry.digest }),
    ...(entry.target === undefined ? {} : { target: toText(entry.target) }),
    ...(entry.device ? { device: entry.device.join(',') } : {}),
    ...(entry.xattrs?.length
      ? { xattrs: Object.fromEntries(entry.xattrs.map(([name, value]) => [name, value.toString('base64')])) }
      : {}),
    mtime: timeOf(entry.mtime),
  };
}

const NS_PER_MS = 1_000_000n;
/** The latest time that Date has, ms. */
const LATEST_MS = 8_640_000_000_000_000n;

function timeOf(mtime: bigint): string {
  const ms = mtime / NS_PER_MS;
  const inRange = ms > LATEST_MS ? LATEST_MS : ms < -LATEST_MS ? -LATEST_MS : ms;
  return new Date(Number(inRange)).toISOString();
}
