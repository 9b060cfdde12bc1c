import { VarveError } from '../errors.ts';
import type { BytePath } from '../io/byte-path.ts';
import { trimEnd } from '../io/trim-end.ts';
import { quoted } from './tar-entry.ts';

/** PATH_MAX without its NUL (linux/limits.h). */
const MAX_PATH_BYTES = 4095;
/** NAME_MAX (linux/limits.h). */
const MAX_NAME_BYTES = 255;

/** `LAYER_UNSAFE`: an entry that would reach outside, or that says what cannot be. */
export function unsafeEntry(name: BytePath, what: string): VarveError {
  return new VarveError('LAYER_UNSAFE', `the archive is refused: ${quoted(name)} ${what}`, {
    hint: 'no tool makes such an archive by itself: find out where it comes from',
  });
}

/**
 * The names in an entry's path: leading slashes, empty names and `.` count for nothing, as with docker.
 * @throws VarveError `LAYER_UNSAFE` for `..`, NUL bytes, and what is too long for Linux
 */
export function splitEntryPath(name: BytePath): BytePath[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw unsafeEntry(name, 'has .. in its name');
  if (name.includes('\0')) throw unsafeEntry(name, 'has a NUL byte in its name');
  checkLength(trimEnd(name, '/'));
  if (parts.some((part) => part.length > MAX_NAME_BYTES))
    throw unsafeEntry(name, `has a part of more than ${MAX_NAME_BYTES} bytes in its name`);
  return parts;
}

/** @throws VarveError `LAYER_UNSAFE` for a path that no system call takes */
export function checkLength(path: BytePath): void {
  if (path.length > MAX_PATH_BYTES)
    throw unsafeEntry(path, `has a path of ${path.length} bytes, longer than Linux allows`);
}
