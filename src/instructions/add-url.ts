import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { VarveError } from '../errors.ts';
import { type BytePath, fromText } from '../io/byte-path.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import type { GivenFile } from './copy-request.ts';

/** One GET, redirects followed. Header names are lower-case. */
export interface UrlFetcher {
  fetch(
    url: string,
    signal: AbortSignal,
  ): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly body: Readable;
  }>;
}

export interface AddUrlOptions {
  readonly fetcher: UrlFetcher;
  /** File that the download is written to; the caller makes its directory and removes it after the build. */
  readonly file: string;
  /** --checksum: `sha256:…`. */
  readonly checksum?: string;
  /** --unpack=true: an archive is unpacked. */
  readonly unpack: boolean;
  readonly signal: AbortSignal;
}

/** What was downloaded, and what the server says to ask it next time whether it changed. */
export interface AddedUrl {
  readonly file: GivenFile;
  readonly etag?: string;
  readonly lastModified?: string;
}

/** Mode of a downloaded file without --chmod, as in BuildKit. */
const URL_FILE_MODE = 0o600;
/** Name of a file whose URL has none, as in BuildKit. */
const NO_NAME = '__unnamed__';

/**
 * ADD of a URL: downloads it as a stream and checks it. Root's, mode 0600, mtime from Last-Modified or 1970. A file that
 * failed is removed. Throws `CHECKSUM_INVALID`, `ADD_DOWNLOAD`, `ADD_CHECKSUM`.
 */
export async function addUrl(url: string, options: AddUrlOptions): Promise<AddedUrl> {
  const expected = options.checksum === undefined ? undefined : parseChecksum(options.checksum);
  const response = await options.fetcher.fetch(url, options.signal).catch((cause: unknown) => {
    throw failed(url, cause instanceof Error ? cause.message : String(cause), cause);
  });
  if (response.status < 200 || response.status > 299) {
    response.body.on('error', () => {}).destroy();
    throw failed(url, `invalid response status ${response.status}`);
  }
  const etag = header(response.headers, 'etag');
  const lastModified = header(response.headers, 'last-modified');
  try {
    const { digest, size } = await save(url, response.body, options);
    if (expected !== undefined && digest !== expected) {
      throw new VarveError('ADD_CHECKSUM', `digest mismatch ${digest}: ${expected} was expected of ${url}`, {
        hint: 'The file is not the one that --checksum was written for.',
      });
    }
    return {
      file: {
        name: urlFileName(url),
        entry: {
          type: 'file',
          mode: URL_FILE_MODE,
          uid: 0,
          gid: 0,
          mtime: parseHttpDate(lastModified),
          size,
          digest,
        },
        content: { path: fromText(options.file) },
        unpack: options.unpack,
      },
      ...(etag === undefined ? {} : { etag }),
      ...(lastModified === undefined ? {} : { lastModified }),
    };
  } catch (error) {
    await rm(options.file, { force: true });
    throw error;
  }
}

/** The last part of a URL's path: the file's name when the destination is a directory. */
export function urlFileName(url: string): BytePath {
  const path = URL.canParse(url) ? new URL(url).pathname : '';
  const base = posix.basename(path.replace(/\/+$/, ''));
  if (base === '' || base === '.' || base === '..') return NO_NAME;
  const name = percentDecode(base);
  return name.includes('/') || name.includes('\0') || name === '.' || name === '..' ? NO_NAME : name;
}

async function save(url: string, body: Readable, options: AddUrlOptions): Promise<{ digest: Digest; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  try {
    await pipeline(
      body,
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          size += chunk.length;
          yield chunk;
        }
      },
      createWriteStream(options.file, { mode: URL_FILE_MODE }),
      { signal: options.signal },
    );
  } catch (cause) {
    throw failed(url, cause instanceof Error ? cause.message : String(cause), cause);
  }
  return { digest: `sha256:${hash.digest('hex')}` as Digest, size };
}

/** A checksum that varve can check. Throws `CHECKSUM_INVALID`. */
export function parseChecksum(text: string): Digest {
  if (!isDigest(text)) {
    throw new VarveError('CHECKSUM_INVALID', `--checksum=${text} is no checksum that varve knows`, {
      hint: 'Write sha256: and 64 hexadecimal digits.',
    });
  }
  return text;
}

function failed(url: string, why: string, cause?: unknown): VarveError {
  return new VarveError('ADD_DOWNLOAD', `ADD ${url}: ${why}`, cause === undefined ? {} : { cause });
}

function header(headers: Readonly<Record<string, string | string[] | undefined>>, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Nanoseconds since 1970; 0 without a date that can be read. */
function parseHttpDate(text: string | undefined): bigint {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? 0n : BigInt(ms) * 1_000_000n;
}

/** Bytes of a percent-encoded name; a stray `%` stays. */
function percentDecode(text: string): BytePath {
  return fromText(text).replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
