import { VarveError } from '../errors.ts';
import { type Digest, isDigest } from './digest.ts';

/** An image's name. `registry` is the host with its port: `docker.io`, `127.0.0.1:5000`. */
export interface Reference {
  readonly registry: string;
  /** `library/debian` */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const HOST =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const REPOSITORY_LIMIT = 255;

/**
 * Reads `[host/]path[:tag][@digest]` as docker does: no host means docker.io, one component there means `library/`.
 * Without tag and digest the tag is `latest`.
 * @throws VarveError `REFERENCE_INVALID`
 * @see https://github.com/distribution/reference/blob/v0.6.0/reference.go
 */
export function parseReference(text: string): Reference {
  const at = text.indexOf('@');
  const digest = at >= 0 ? text.slice(at + 1) : undefined;
  const named = at >= 0 ? text.slice(0, at) : text;
  if (digest !== undefined && !isDigest(digest))
    throw invalid(text, `${JSON.stringify(digest)} is not a sha256 digest`);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  const name = hasTag ? named.slice(0, colon) : named;
  if (tag !== undefined && !TAG.test(tag)) throw invalid(text, `${JSON.stringify(tag)} is not a tag`);
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = first !== '' && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first);
  const registry = isHost ? (first === 'index.docker.io' ? 'docker.io' : first) : 'docker.io';
  let repository = isHost ? name.slice(slash + 1) : name;
  if (!HOST.test(registry)) throw invalid(text, `${JSON.stringify(registry)} is not a host name`);
  if (registry === 'docker.io' && repository && !repository.includes('/')) repository = `library/${repository}`;
  if (repository.length > REPOSITORY_LIMIT || !repository.split('/').every((part) => COMPONENT.test(part))) {
    throw invalid(
      text,
      repository === repository.toLowerCase()
        ? 'the repository name has a character that is not allowed'
        : 'a repository name must be lower-case',
    );
  }
  return {
    registry,
    repository,
    ...(tag !== undefined ? { tag } : digest === undefined ? { tag: 'latest' } : {}),
    ...(digest !== undefined ? { digest } : {}),
  };
}

/** The full name: `docker.io/library/debian:12@sha256:…`. */
export function formatReference(reference: Reference): string {
  const { registry, repository, tag, digest } = reference;
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** What is after `/manifests/` for this reference: the digest if it has one, else the tag. */
export function manifestName(reference: Reference): string {
  return reference.digest ?? reference.tag ?? 'latest';
}

function invalid(text: string, why: string): VarveError {
  return new VarveError('REFERENCE_INVALID', `invalid reference format: ${JSON.stringify(text)}: ${why}`, {
    hint: 'an image name looks like debian:12, ghcr.io/org/app:tag or host:5000/app@sha256:…',
  });
}
