import type { Entry } from './entry.ts';

/** The root directory of a filesystem that nobody has said anything of. */
export const EMPTY_ROOT: Entry = { type: 'dir', mode: 0o755, uid: 0, gid: 0, mtime: 0n, size: 0 };
