/**
 * The version of everything that decides a layer's bytes: tar form, frame rule, compressor settings (docs/layers.md).
 * It enters step keys and frame keys. Raise it with every change that can alter a byte.
 */
export const FORMAT = 1;

/** From this many tar bytes on, a frame ends at the first entry whose path says so ({@link endsFrame}). */
export const FRAME_MIN_BYTES = 256 * 1024;
/** A frame ends before the entry that would make it larger than this. */
export const FRAME_MAX_BYTES = 1024 * 1024;
/** A file of more bytes than this has frames of its own. */
export const LARGE_FILE_BYTES = 1024 * 1024;
/** Bytes of a large file in one frame. */
export const PIECE_BYTES = 4 * 1024 * 1024;
/** One path of so many ends a frame that is full enough: 32 entries of 3 KiB add 0.1 MiB to a frame. */
const CUT_ONE_OF = 32;

/**
 * Whether a frame that holds FRAME_MIN_BYTES ends after the entry of this path: FNV-1a of the path's bytes, so that
 * an entry that comes or goes moves the cuts near it only.
 * @see http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function endsFrame(path: string): boolean {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  return ((hash ^ (hash >>> 16)) & 0xffff) % CUT_ONE_OF === 0;
}
