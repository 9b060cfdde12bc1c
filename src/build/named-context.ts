import { VarveError } from '../errors.ts';

/** Where `--build-context NAME=…` points. */
export type NamedContext =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'image'; readonly reference: string };

/**
 * Reads the value of a --build-context: a directory, or `docker-image://REF`.
 * @throws VarveError `UNSUPPORTED` for the kinds that varve doesn't read yet
 */
export function parseNamedContext(name: string, value: string): NamedContext {
  const scheme = /^([a-z][a-z0-9+.-]*):(\/\/)?/i.exec(value)?.[1]?.toLowerCase();
  if (scheme === 'docker-image') return { kind: 'image', reference: value.slice('docker-image://'.length) };
  if (scheme === undefined && !value.startsWith('git@')) return { kind: 'directory', path: value };
  throw new VarveError('UNSUPPORTED', `--build-context ${name}=${value}: contexts of this kind are not supported yet`, {
    hint: 'use a directory or docker-image://NAME',
    exitCode: 2,
  });
}
