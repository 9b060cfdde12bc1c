import { VarveError } from '../errors.ts';
import { type BytePath, baseOf, joinBytes, parentOf, toText } from '../io/byte-path.ts';

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts */
export const WHITEOUT_PREFIX = '.wh.';
export const OPAQUE_NAME = '.wh..wh..opq';
/** Names that aufs kept for itself: skipped in layers, as docker does. */
export const AUFS_PREFIX = '.wh..wh.';

/** The path of the empty file that stands for the removal of `path`. */
export function whiteoutPath(path: BytePath): BytePath {
  return joinBytes(parentOf(path), WHITEOUT_PREFIX + baseOf(path));
}

/** The path of the empty file that makes the directory opaque. */
export function opaquePath(path: BytePath): BytePath {
  return joinBytes(path, OPAQUE_NAME);
}

/**
 * Refuses a file that every unpacker would take for a whiteout.
 * @throws VarveError `LAYER_NAME_RESERVED`
 */
export function checkNotWhiteout(path: BytePath): void {
  if (!path.startsWith(WHITEOUT_PREFIX) && !path.includes(`/${WHITEOUT_PREFIX}`)) return;
  throw new VarveError(
    'LAYER_NAME_RESERVED',
    `/${toText(path)} cannot be in a layer: names that start with ${WHITEOUT_PREFIX} mean a removed file there`,
    { hint: 'rename the file, or keep it out with .dockerignore' },
  );
}
