import { formatReference, type Reference } from '../oci/reference.ts';
import type { GitReference } from './git-reference.ts';

/** Where files come from that are no image: the build context, or a named one. */
export type ContextSource =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'git'; readonly reference: GitReference }
  /** An archive, which is unpacked, or a Dockerfile. */
  | { readonly kind: 'http'; readonly url: string; readonly subPath?: string }
  /** A tar that comes as a stream, compressed or not; `name` is what messages call it. */
  | { readonly kind: 'archive'; readonly name: string; open(): AsyncIterable<Uint8Array>; readonly subPath?: string }
  /** An OCI artifact of one layer, a tar. */
  | { readonly kind: 'artifact'; readonly reference: Reference; readonly subPath?: string }
  /** No files: the Dockerfile came by itself. */
  | { readonly kind: 'empty' };

/** A context's name for people and slots: the last part of where it is. */
export function contextName(source: ContextSource): string {
  const last = (text: string): string => text.replace(/\/+$/, '').split('/').at(-1) ?? '';
  switch (source.kind) {
    case 'directory':
      return last(source.path);
    case 'git':
      return source.reference.shortName;
    case 'http':
      return last(source.url.split(/[?#]/, 1)[0] ?? '');
    case 'archive':
      return source.name;
    case 'artifact':
      return formatReference(source.reference);
    case 'empty':
      return 'empty';
  }
}
