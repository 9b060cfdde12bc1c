import { type UrlFiles, urlFileName } from '../context/url-files.ts';
import { VarveError } from '../errors.ts';
import { fromText } from '../io/byte-path.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import type { GivenFile } from './copy-request.ts';

export interface AddUrlOptions {
  readonly urls: UrlFiles;
  /** --checksum: `sha256:…`. */
  readonly checksum?: string;
  /** --unpack=true: an archive is unpacked. */
  readonly unpack: boolean;
}

/** Mode of a downloaded file without --chmod, as in BuildKit. */
const URL_FILE_MODE = 0o600;

/**
 * ADD of a URL: root's, mode 0600, mtime from Last-Modified or 1970.
 * @throws VarveError `CHECKSUM_INVALID`, `ADD_DOWNLOAD`, `ADD_CHECKSUM`
 */
export async function addUrl(url: string, { urls, checksum, unpack }: AddUrlOptions): Promise<GivenFile> {
  const { digest, size, mtime, path } = await urls.get(
    url,
    checksum === undefined ? undefined : parseChecksum(checksum),
  );
  return {
    name: urlFileName(url),
    entry: { type: 'file', mode: URL_FILE_MODE, uid: 0, gid: 0, mtime, size, digest },
    content: { path: fromText(path) },
    unpack,
  };
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
