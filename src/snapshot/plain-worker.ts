import { parentPort } from 'node:worker_threads';
import type { BytePath } from '../io/byte-path.ts';
import { loadLibc } from '../io/libc.ts';
import { listPlain, type PlainListing } from './plain-listing.ts';

/** Directories to be listed with all below. */
export interface PlainRequest {
  readonly root: BytePath;
  readonly starts: readonly BytePath[];
  /** Left out, with all below. */
  readonly skip: ReadonlySet<BytePath>;
}

export type PlainReply =
  | { readonly kind: 'done'; readonly listing: PlainListing }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined };

const libc = loadLibc();

parentPort?.on('message', ({ root, starts, skip }: PlainRequest) => {
  try {
    const listing = listPlain(libc, root, starts, { deep: true, skip, now: () => Date.now() });
    const { buffer } = listing.stats;
    const reply: PlainReply = { kind: 'done', listing };
    parentPort?.postMessage(reply, buffer instanceof ArrayBuffer ? [buffer] : []);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    parentPort?.postMessage({ kind: 'failed', message, code } satisfies PlainReply);
  }
});
