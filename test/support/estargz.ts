import { gunzipSync } from 'node:zlib';
import type { TocEntry } from '../../src/layer/estargz-toc.ts';
import { digestOf } from '../../src/oci/digest.ts';

const FOOTER_BYTES = 51;
const BLOCK = 512;

/**
 * Reads an eStargz as stargz-snapshotter does: footer, table, and each chunk from its offset alone; throws for what it
 * would refuse.
 * @see https://github.com/containerd/stargz-snapshotter/blob/v0.16.3/estargz/estargz.go Open, VerifyTOC
 */
export function readEstargz(blob: Buffer, tocDigest: string): { toc: TocEntry[]; files: Map<string, Buffer> } {
  const footer = blob.subarray(-FOOTER_BYTES);
  if (footer.readUInt16BE(0) !== 0x1f8b || footer[3] !== 4 || footer.toString('latin1', 12, 14) !== 'SG')
    throw new Error('no footer');
  if (footer.readUInt16LE(14) !== 22 || footer.toString('latin1', 32, 38) !== 'STARGZ') throw new Error('no STARGZ');
  if (gunzipSync(footer).length !== 0) throw new Error('the footer is not empty');
  const tocOffset = Number.parseInt(footer.toString('latin1', 16, 32), 16);
  const tar = gunzipSync(blob.subarray(tocOffset, -FOOTER_BYTES));
  if (tar.toString('latin1', 0, 18) !== 'stargz.index.json\0') throw new Error('the table has another name');
  const size = Number.parseInt(tar.toString('latin1', 124, 135), 8);
  const json = tar.subarray(BLOCK, BLOCK + size);
  if (digestOf(json) !== tocDigest) throw new Error('the table has another digest');
  const { version, entries } = JSON.parse(json.toString('utf8')) as { version: number; entries: TocEntry[] };
  if (version !== 1) throw new Error(`version ${version}`);
  const files = new Map<string, Buffer>();
  const wanted = new Map<string, TocEntry>();
  let last: TocEntry | undefined;
  for (const entry of entries) {
    if (entry.type === 'reg') {
      last = entry;
      wanted.set(entry.name, entry);
      files.set(entry.name, Buffer.alloc(0));
      if (!entry.size) continue;
    } else if (entry.type !== 'chunk') continue;
    if (entry.name !== last?.name) throw new Error(`a chunk of ${entry.name} after ${last?.name}`);
    const before = files.get(entry.name)!;
    if ((entry.chunkOffset ?? 0) !== before.length) throw new Error(`${entry.name}: a gap`);
    const bytes = entry.chunkSize ?? last.size! - before.length;
    // The member goes on with padding and headers; whoever reads a chunk takes its bytes only.
    const chunk = gunzipSync(blob.subarray(entry.offset, tocOffset)).subarray(0, bytes);
    if (digestOf(chunk) !== entry.chunkDigest) throw new Error(`${entry.name}: a chunk's digest differs`);
    files.set(entry.name, Buffer.concat([before, chunk]));
  }
  for (const [name, entry] of wanted)
    if (entry.size && digestOf(files.get(name)!) !== entry.digest) throw new Error(`${name}: its digest differs`);
  return { toc: entries, files };
}
