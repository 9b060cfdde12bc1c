import type { ContextSource } from '../../context/context-source.ts';
import { parseGitReference } from '../../context/git-reference.ts';
import { VarveError } from '../../errors.ts';
import { type Digest, isDigest } from '../../oci/digest.ts';
import { formatPlatform, normalizePlatform, type Platform, parsePlatform } from '../../oci/platform.ts';
import type { PlatformImage } from '../images/build-result.ts';

/** Where `--build-context NAME=…` points. */
export type NamedContext =
  | ContextSource
  | { readonly kind: 'image'; readonly reference: string }
  /** What another target of the same bake came to. */
  | { readonly kind: 'built'; readonly images: readonly PlatformImage[] }
  | { readonly kind: 'oci-layout'; readonly path: string; readonly tag: string; readonly digest?: Digest };

/**
 * Reads the value of a --build-context: a directory, `docker-image://REF`, `oci-layout://PATH[:TAG][@DIGEST]`, a git
 * reference or an http(s) URL.
 * @throws VarveError `USAGE`, `GIT_REFERENCE`, `UNSUPPORTED` for what only bake can give
 */
export function parseNamedContext(name: string, value: string): NamedContext {
  const flag = `--build-context ${name}=${value}`;
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9-]*):(?:\/\/)?(.*)$/s.exec(value) ?? [];
  switch (scheme) {
    case 'docker-image':
      if (rest === '') throw usage(flag, 'the image is missing');
      return rest === 'scratch' ? { kind: 'empty' } : { kind: 'image', reference: rest };
    case 'oci-layout':
      return parseLayout(flag, rest);
    case 'dir':
      return { kind: 'directory', path: rest };
    case 'target':
    case 'input':
      throw new VarveError('UNSUPPORTED', `${flag}: ${scheme}: contexts name another target of a bake file`, {
        hint: 'bake has them: varve bake; else build that stage, and name it with docker-image:// or oci-layout://',
        exitCode: 2,
      });
  }
  const reference = parseGitReference(value);
  if (reference && !reference.looksLocal) return { kind: 'git', reference };
  if (scheme === 'http' || scheme === 'https') return { kind: 'http', url: value };
  // A path with a colon is a path; what looks like an address is one that is not known.
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) throw usage(flag, 'this kind of address is not known');
  if (value === '') throw usage(flag, 'the path is missing');
  return { kind: 'directory', path: value };
}

/**
 * What a context, stage or image is called when they are compared: lower-case but for the tag, without docker's default
 * registry and tag.
 */
export function contextKey(name: string): string {
  const at = name.indexOf('@');
  const digest = at < 0 ? '' : name.slice(at);
  const named = at < 0 ? name : name.slice(0, at);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const path = (hasTag ? named.slice(0, colon) : named)
    .toLowerCase()
    .replace(/^(index\.)?docker\.io\/(library\/)?/, '');
  const tag = hasTag ? named.slice(colon) : '';
  return path.replace(/^library\//, '') + (tag === ':latest' ? '' : tag) + digest;
}

/** The key of a context that stands for a name on one platform only: `NAME::OS/ARCH`. @see moby/buildkit frontend/dockerui/config.go */
export function platformKey(key: string, platform: Platform): string {
  return `${key}::${formatPlatform(normalizePlatform(platform))}`;
}

/** The key of `NAME` or `NAME::PLATFORM`, as --build-context has it. Throws `PLATFORM_INVALID`. */
export function namedContextKey(name: string): string {
  const at = name.indexOf('::');
  return at < 0 ? contextKey(name) : platformKey(contextKey(name.slice(0, at)), parsePlatform(name.slice(at + 2)));
}

/** What stands for a named context's OCI layout where an image is named; no image can be called so. */
export function layoutReference(name: string): string {
  return `oci-layout://${name}`;
}

function parseLayout(flag: string, text: string): NamedContext {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const path = hasTag ? named.slice(0, colon) : named;
  const tag = hasTag ? named.slice(colon + 1) : 'latest';
  if (path === '') throw usage(flag, 'the path of the layout is missing');
  if (digest === undefined) return { kind: 'oci-layout', path, tag };
  if (!isDigest(digest)) throw usage(flag, `${JSON.stringify(digest)} is not a sha256 digest`);
  return { kind: 'oci-layout', path, tag, digest };
}

function usage(flag: string, why: string): VarveError {
  return new VarveError('USAGE', `${flag}: ${why}`, {
    hint: 'a directory, docker-image://REF, oci-layout://PATH[:TAG][@DIGEST], a git repository or an http(s) URL',
    exitCode: 2,
  });
}
