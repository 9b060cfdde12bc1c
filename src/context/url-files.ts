import { posix } from 'node:path';
import * as z from 'zod';
import type { BlobStore } from '../cas/blob-store.ts';
import type { Catalog } from '../cas/catalog.ts';
import { VarveError } from '../errors.ts';
import { type BytePath, fromText } from '../io/byte-path.ts';
import { redactUrl } from '../io/redact.ts';
import { trimEnd } from '../io/trim-end.ts';
import { type Digest, digestHex, digestOf, isDigest } from '../oci/digest.ts';
import type { ReadSecret } from './git-auth.ts';
import type { HttpFetcher } from './http-fetcher.ts';

/** What a URL gave. Its bytes are a blob of the store. */
export interface UrlFile {
  readonly digest: Digest;
  readonly size: number;
  /** Last-Modified, ns since 1970; 0 when the server doesn't say. */
  readonly mtime: bigint;
  /** Where the blob is. */
  readonly path: string;
}

/** Downloads, each URL once in a build; what the server says is unchanged is not sent again. */
export interface UrlFiles {
  /**
   * @param expected when given, the file is refused unless it is this one, and not asked for when the store has it
   * @throws VarveError `ADD_DOWNLOAD`, `ADD_CHECKSUM`
   */
  get(url: string, expected?: Digest): Promise<UrlFile>;
}

export interface UrlFilesDeps {
  readonly http: Pick<HttpFetcher, 'fetch'>;
  readonly blobs: BlobStore;
  readonly catalog: Catalog;
  readonly secret: ReadSecret;
  readonly signal: AbortSignal;
}

const rowSchema = z.object({
  digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
  size: z.number(),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
});
type Row = z.infer<typeof rowSchema>;

const NOT_MODIFIED = 304;

export function createUrlFiles(deps: UrlFilesDeps): UrlFiles {
  const running = new Map<string, Promise<UrlFile>>();
  return {
    get(url, expected) {
      const key = `${expected ?? ''} ${url}`;
      const known = running.get(key);
      if (known) return known;
      const promise = download(url, expected, deps);
      running.set(key, promise);
      return promise;
    },
  };
}

/** The last part of a URL's path: the file's name when the destination is a directory. */
export function urlFileName(url: string): BytePath {
  const path = URL.canParse(url) ? new URL(url).pathname : '';
  const base = posix.basename(trimEnd(path, '/'));
  if (base === '' || base === '.' || base === '..') return NO_NAME;
  const name = percentDecode(base);
  return name.includes('/') || name.includes('\0') || name === '.' || name === '..' ? NO_NAME : name;
}

/** Name of a file whose URL has none, as in BuildKit. */
const NO_NAME = '__unnamed__';

async function download(url: string, expected: Digest | undefined, deps: UrlFilesDeps): Promise<UrlFile> {
  const { blobs, catalog, http, signal } = deps;
  const rowKey = `url/${digestHex(digestOf(url))}`;
  const row = await readRow(catalog, rowKey, blobs);
  if (row && row.digest === expected) return fileOf(row, blobs);
  const known = expected === undefined ? row : undefined;
  const response = await http
    .fetch(url, signal, { ...(await authorization(url, deps.secret)), ...validators(known) })
    .catch((cause: unknown) => {
      throw failed(url, cause instanceof Error ? cause.message : String(cause), cause);
    });
  if (response.status === NOT_MODIFIED && known) {
    response.body.on('error', () => {}).destroy();
    return fileOf(known, blobs);
  }
  if (response.status < 200 || response.status > 299) {
    response.body.on('error', () => {}).destroy();
    throw failed(url, `invalid response status ${response.status}`);
  }
  const stored = await blobs.put(response.body, expected ? { digest: expected } : {}).catch((cause: unknown) => {
    if (cause instanceof VarveError && cause.code === 'BLOB_MISMATCH') throw mismatch(url, expected, cause);
    throw failed(url, cause instanceof Error ? cause.message : String(cause), cause);
  });
  const etag = header(response.headers, 'etag');
  const lastModified = header(response.headers, 'last-modified');
  const fresh: Row = {
    ...stored,
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
  const value = Buffer.from(JSON.stringify(fresh));
  await catalog.write([{ type: 'put', space: 'history', key: rowKey, value }]);
  return fileOf(fresh, blobs);
}

/** What is remembered of a URL, as far as its bytes are still there. */
async function readRow(catalog: Catalog, key: string, blobs: BlobStore): Promise<Row | undefined> {
  const value = await catalog.get('history', key);
  if (!value) return undefined;
  try {
    const row = rowSchema.parse(JSON.parse(value.toString()));
    return (await blobs.has(row.digest)) ? row : undefined;
  } catch {
    return undefined;
  }
}

function fileOf({ digest, size, lastModified }: Row, blobs: BlobStore): UrlFile {
  return { digest, size, mtime: parseHttpDate(lastModified), path: blobs.path(digest) };
}

function validators(row: Row | undefined): Record<string, string> {
  if (row?.etag !== undefined) return { 'if-none-match': row.etag };
  return row?.lastModified === undefined ? {} : { 'if-modified-since': row.lastModified };
}

/**
 * The secrets `HTTP_AUTH_HEADER_HOST` (the header's value) and `HTTP_AUTH_TOKEN_HOST`; dropped on the way to another host.
 * @see moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go
 */
async function authorization(url: string, secret: ReadSecret): Promise<Record<string, string>> {
  if (!URL.canParse(url)) return {};
  const { host } = new URL(url);
  const value = (read: Buffer | undefined): string | undefined => read?.toString('utf8').replace(/[\r\n]+$/, '');
  const given = value(await secret(`HTTP_AUTH_HEADER_${host}`));
  if (given) return { authorization: given };
  const token = value(await secret(`HTTP_AUTH_TOKEN_${host}`));
  return token ? { authorization: `Bearer ${token}` } : {};
}

function failed(url: string, why: string, cause?: unknown): VarveError {
  const shown = redactUrl(url);
  return new VarveError('ADD_DOWNLOAD', `${shown}: ${why}`, cause === undefined ? {} : { cause });
}

function mismatch(url: string, expected: Digest | undefined, cause: VarveError): VarveError {
  const found = [...cause.message.matchAll(/sha256:[0-9a-f]{64}/g)].map(([digest]) => digest);
  const other = found.find((digest) => digest !== expected) ?? 'another';
  return new VarveError('ADD_CHECKSUM', `digest mismatch ${other}: ${expected} was expected of ${redactUrl(url)}`, {
    hint: 'The file is not the one that --checksum was written for.',
  });
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
