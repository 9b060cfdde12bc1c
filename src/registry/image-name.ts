import { VarveError } from '../errors.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { parseReference, type Reference } from '../oci/reference.ts';

/** Where an image is or goes, as the commands beside the build take it. */
export type ImageName =
  | { readonly kind: 'registry'; readonly reference: Reference }
  /** In varve's own store, under a name. */
  | { readonly kind: 'store'; readonly reference: Reference }
  /** A directory or a tar on this machine; `tag` and `digest` say which image of it. */
  | { readonly kind: FileKind; readonly path: string; readonly tag?: string; readonly digest?: Digest };

export type FileKind = 'oci' | 'oci-archive' | 'docker-archive';

const FILE_PREFIX = /^(oci|oci-archive|docker-archive):(.*)$/s;

/**
 * Reads skopeo's names: `docker://NAME`, `oci:DIR[:TAG][@DIGEST]`, `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:NAME]`,
 * `store:NAME`; without a prefix a path that begins with `.` or `/` (a `.tar` is an OCI archive), else a name.
 * @throws VarveError `USAGE`, `REFERENCE_INVALID`
 * @see https://github.com/containers/image/blob/v5.36.2/docs/containers-transports.5.md
 */
export function parseImageName(text: string): ImageName {
  const file = FILE_PREFIX.exec(text);
  if (file) return fileName(file[1] as FileKind, file[2]!, text);
  if (text.startsWith('docker://')) return { kind: 'registry', reference: parseReference(text.slice(9)) };
  if (text.startsWith('store:')) return { kind: 'store', reference: parseReference(text.slice(6)) };
  const other = /^(dir|docker-daemon|containers-storage|ostree|sif|tarball):/.exec(text);
  if (other) {
    throw new VarveError('USAGE', `${text}: ${other[0]} is not supported`, {
      hint: 'docker://, oci:, oci-archive:, docker-archive: and store: are',
      exitCode: 2,
    });
  }
  if (/^[./]/.test(text)) return fileName(/\.tar(:|$)/.test(text) ? 'oci-archive' : 'oci', text, text);
  return { kind: 'registry', reference: parseReference(text) };
}

function fileName(kind: FileKind, rest: string, text: string): ImageName {
  const at = rest.lastIndexOf('@');
  const digest = at > 0 ? rest.slice(at + 1) : undefined;
  const isGiven = digest !== undefined && isDigest(digest);
  const named = isGiven ? rest.slice(0, at) : rest;
  const colon = named.indexOf(':');
  const path = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? '' : named.slice(colon + 1);
  if (path === '') throw new VarveError('USAGE', `${text}: the path is missing`, { exitCode: 2 });
  return { kind, path, ...(tag ? { tag } : {}), ...(isGiven ? { digest } : {}) };
}
