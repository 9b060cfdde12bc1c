import { createHash } from 'node:crypto';
import { VarveError } from '../errors.ts';

declare const digestBrand: unique symbol;

/** `sha256:` and 64 lower-case hex digits. Made by {@link parseDigest} and the hashing functions only. */
export type Digest = string & { readonly [digestBrand]: true };

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/**
 * Takes a digest from outside.
 * @throws VarveError `DIGEST_INVALID` for anything but sha256 in lower-case hex.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 */
export function parseDigest(text: string): Digest {
  if (!isDigest(text))
    throw new VarveError('DIGEST_INVALID', `not a sha256 digest: ${JSON.stringify(text.slice(0, 100))}`);
  return text;
}

/** The digest whose 32 raw bytes are given. */
export function digestFromBytes(raw: Uint8Array): Digest {
  return `sha256:${Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('hex')}` as Digest;
}

/** sha256 of the bytes; a string counts as UTF-8. */
export function digestOf(data: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(data).digest('hex')}` as Digest;
}

/** The 64 hex digits. */
export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** The 32 raw bytes. */
export function digestBytes(digest: Digest): Buffer {
  return Buffer.from(digestHex(digest), 'hex');
}
