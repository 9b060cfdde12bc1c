import { createHash } from 'node:crypto';
import { VarveError } from '../errors.ts';
import { type Digest, digestFromBytes } from '../oci/digest.ts';
import { decompress, detectCompression, MAGIC_BYTES } from './decompress.ts';

/** A layer's compressed bytes, hashed as they pass. */
export interface LayerSource {
  /** The tar stream; how it is compressed is seen from its first bytes. @throws VarveError `LAYER_COMPRESSION` */
  tar(): AsyncGenerator<Buffer>;
  /** Takes what comes after the compressed data and compares. @throws VarveError `LAYER_MISMATCH` */
  end(): Promise<void>;
  /** The error to give for one met while reading: a layer that is not what was expected is that first of all. */
  explain(error: unknown): Promise<unknown>;
  close(): Promise<void>;
}

export function openLayer(
  source: AsyncIterable<Uint8Array>,
  expected: { readonly digest: Digest; readonly size: number },
): LayerSource {
  const digest = createHash('sha256');
  const iterator = source[Symbol.asyncIterator]();
  let size = 0;
  let isDone = false;
  const next = async (): Promise<IteratorResult<Buffer>> => {
    const { done, value } = isDone ? { done: true, value: undefined } : await iterator.next();
    if (done || value === undefined) {
      isDone = true;
      return { done: true, value: undefined };
    }
    size += value.byteLength;
    if (size > expected.size) throw mismatch(`more than ${expected.size} bytes`);
    digest.update(value);
    return { done: false, value: Buffer.from(value.buffer, value.byteOffset, value.byteLength) };
  };
  const mismatch = (found: string): VarveError =>
    new VarveError('LAYER_MISMATCH', `the layer ${expected.digest} of ${expected.size} bytes has ${found}`, {
      hint: 'its bytes were damaged in storage or on the way: remove it from the store or pull again',
    });

  const end = async (): Promise<void> => {
    while (!(await next()).done);
    if (size !== expected.size) throw mismatch(`${size} bytes`);
    const found = digestFromBytes(digest.digest());
    if (found !== expected.digest) throw mismatch(`the digest ${found}`);
  };

  return {
    end,
    async *tar() {
      const head: Buffer[] = [];
      let bytes = 0;
      while (bytes < MAGIC_BYTES) {
        const { done, value } = await next();
        if (done) break;
        head.push(value);
        bytes += value.length;
      }
      const first = Buffer.concat(head);
      const compression = detectCompression(first);
      if (compression === 'bzip2' || compression === 'xz') {
        throw new VarveError('LAYER_COMPRESSION', `the layer ${expected.digest} is compressed with ${compression}`, {
          hint: 'layers are gzip, zstd or plain tar',
        });
      }
      // No return(): the source is read to its end for its digest, also when the decompressor has enough.
      const rest = { [Symbol.asyncIterator]: () => ({ next }) };
      yield* decompress(prepend(first, rest), compression);
    },
    async explain(error) {
      const isDamage =
        error instanceof VarveError ? error.code === 'TAR_INVALID' : error instanceof Error && isFormatError(error);
      if (!isDamage) return error;
      try {
        await end();
      } catch (found) {
        return found;
      }
      if (error instanceof VarveError) return error;
      return new VarveError(
        'LAYER_CORRUPT',
        `the layer ${expected.digest} cannot be read: ${(error as Error).message}`,
        {
          cause: error,
        },
      );
    },
    async close() {
      if (!isDone) await iterator.return?.();
    },
  };
}

async function* prepend(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  yield* rest;
}

/** Errors of zlib and of zstd-frames.ts. */
function isFormatError(error: Error): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return /^(Z_|ZSTD_|ERR_STREAM_PREMATURE_CLOSE)/.test(code);
}
