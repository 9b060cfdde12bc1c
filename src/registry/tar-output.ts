import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { BytePath } from '../io/byte-path.ts';
import { toText } from '../io/byte-path.ts';
import type { ContentBlob } from './image-content.ts';
import { verifyBlob } from './verify-blob.ts';
import { fileSink, writeBeside } from './write-beside.ts';

/** Where an archive goes: a file (a byte string), made whole or not at all, or a stream, which is ended. */
export type ArchiveDestination = BytePath | Writable;

export type ArchiveMember =
  | { readonly name: string; readonly bytes: Buffer }
  | { readonly name: string; readonly blob: ContentBlob }
  /** A directory. */
  | { readonly name: string };

/** Writes the members in order, as root's files of 1970, so that equal images give equal archives. */
export async function writeTar(dest: ArchiveDestination, members: readonly ArchiveMember[]): Promise<void> {
  if (typeof dest !== 'string') return packTo(dest, members, 'the archive');
  await writeBeside(dest, (file) => packTo(fileSink(file), members, toText(dest)));
}

async function packTo(output: Writable, members: readonly ArchiveMember[], what: string): Promise<void> {
  const tar = pack();
  const fill = async (): Promise<void> => {
    try {
      for (const member of members) await add(member);
      tar.finalize();
    } catch (error) {
      tar.destroy(error as Error);
      throw error;
    }
  };
  const add = async (member: ArchiveMember): Promise<void> => {
    const common = { name: member.name, mtime: new Date(0), uid: 0, gid: 0 };
    if ('bytes' in member) {
      tar.entry({ ...common, mode: 0o644 }, member.bytes);
    } else if ('blob' in member) {
      const { descriptor, open } = member.blob;
      const entry = tar.entry({ ...common, mode: 0o644, size: descriptor.size });
      await pipeline(open(), verifyBlob(descriptor, what), entry);
    } else {
      tar.entry({ ...common, mode: 0o755, type: 'directory' });
    }
  };
  // The pipeline's end may come first when the output fails: then the filling fails too, and says less.
  const [filled, piped] = await Promise.allSettled([fill(), pipeline(tar, output)]);
  if (piped.status === 'rejected' && filled.status === 'fulfilled') throw piped.reason;
  if (filled.status === 'rejected') throw cause(filled.reason, piped);
}

/** A premature close is only the echo of the other side's failure. */
function cause(filled: unknown, piped: PromiseSettledResult<void>): unknown {
  const isEcho = filled instanceof Error && 'code' in filled && filled.code === 'ERR_STREAM_PREMATURE_CLOSE';
  return isEcho && piped.status === 'rejected' ? piped.reason : filled;
}
