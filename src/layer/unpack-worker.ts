import type { ReadableStream } from 'node:stream/web';
import { parentPort } from 'node:worker_threads';
import { VarveError } from '../errors.ts';
import { loadLibc } from '../io/libc.ts';
import { blobChunks } from './blob-chunks.ts';
import { type UnpackedLayer, type UnpackJob, unpackStream } from './unpack-stream.ts';

/** To the worker: a blob's absolute path, or the bytes as a stream that was transferred. */
export interface UnpackRequest {
  readonly source: string | ReadableStream<Uint8Array>;
  readonly job: UnpackJob;
}

export type UnpackReply =
  | { readonly kind: 'done'; readonly layer: UnpackedLayer }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly hint: string | undefined }
  /** Anything but a VarveError; threads do not keep an error's code. */
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined; readonly stack: string };

async function answer({ source, job }: UnpackRequest): Promise<UnpackReply> {
  try {
    const bytes = typeof source === 'string' ? blobChunks(source) : source;
    return { kind: 'done', layer: await unpackStream(bytes, job, loadLibc()) };
  } catch (error) {
    if (error instanceof VarveError)
      return { kind: 'refused', code: error.code, message: error.message, hint: error.hint };
    const { message, code, stack } = error as NodeJS.ErrnoException;
    return { kind: 'failed', message, code, stack: stack ?? '' };
  }
}

parentPort?.on('message', async (request: UnpackRequest) => parentPort?.postMessage(await answer(request)));
