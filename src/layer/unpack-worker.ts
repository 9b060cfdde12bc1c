import { createReadStream } from 'node:fs';
import type { ReadableStream } from 'node:stream/web';
import { parentPort } from 'node:worker_threads';
import { VarveError } from '../errors.ts';
import { loadLibc } from '../io/libc.ts';
import { type UnpackedLayer, type UnpackJob, unpackStream } from './unpack-stream.ts';

/** To the worker: a blob's absolute path, or the bytes as a stream that was transferred. */
export interface UnpackRequest {
  readonly source: string | ReadableStream<Uint8Array>;
  readonly job: UnpackJob;
}

export type UnpackReply =
  | { readonly kind: 'done'; readonly layer: UnpackedLayer }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly hint: string | undefined }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Bytes read from a blob at a time. */
const READ_BYTES = 1024 * 1024;

/** The bytes of a source. */
export function openSource(source: UnpackRequest['source']): AsyncIterable<Uint8Array> {
  return typeof source === 'string' ? createReadStream(source, { highWaterMark: READ_BYTES }) : source;
}

async function answer({ source, job }: UnpackRequest): Promise<UnpackReply> {
  try {
    return { kind: 'done', layer: await unpackStream(openSource(source), job, loadLibc()) };
  } catch (error) {
    if (!(error instanceof VarveError)) return { kind: 'failed', error };
    return { kind: 'refused', code: error.code, message: error.message, hint: error.hint };
  }
}

parentPort?.on('message', async (request: UnpackRequest) => parentPort?.postMessage(await answer(request)));
