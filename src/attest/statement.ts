import { type Digest, digestHex } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import { formatPlatform } from '../oci/platform.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import { imageUrl } from './package-url.ts';

/** What is attested of something, whatever that is. */
export interface Predicate {
  /** Its type's URI. */
  readonly type: string;
  readonly value: unknown;
  /** The file's name where files are written, as buildx has them. */
  readonly fileName: string;
}

/** Something that a statement is about. */
export interface Subject {
  readonly name: string;
  readonly digest: Digest;
}

/**
 * A statement, unsigned.
 * @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
 */
export function statement({ type, value }: Predicate, subjects: readonly Subject[]): unknown {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: type,
    subject: subjects.map(({ name, digest }) => ({ name, digest: { sha256: digestHex(digest) } })),
    predicate: value,
  };
}

/** One platform's image under each of its names; without a name it is `_`, as in BuildKit. */
export function imageSubjects(names: readonly Reference[], platform: Platform, digest: Digest): Subject[] {
  if (names.length === 0) return [{ name: '_', digest }];
  return names.map((reference) => ({ name: referenceUrl(reference, platform), digest }));
}

/** `pkg:docker/NAME@TAG?platform=…`, with the digest where the reference has one. */
export function referenceUrl({ digest, tag, ...repository }: Reference, platform: Platform): string {
  const name = formatReference(repository).replace(/^docker\.io\/(library\/)?/, '');
  const version = tag ?? (digest === undefined ? 'latest' : undefined);
  return imageUrl(name, version, {
    ...(digest === undefined ? {} : { digest }),
    platform: formatPlatform(platform),
  });
}
