import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** What the machine refused, and what its owner can do. */
export interface MachineFault {
  readonly what: string;
  readonly hint: string;
}

const FAULTS: Readonly<Record<string, (path: string | undefined) => MachineFault>> = {
  ENOSPC: (path) => ({
    what: `the file system is full${path === undefined ? '' : shareLeft(path)}`,
    hint: 'df -h and df -i show it; varve store prune makes room in the store, and --store names another place',
  }),
  EDQUOT: () => ({
    what: 'the disk quota is used up',
    hint: 'varve store prune makes room in the store, and --store names another place',
  }),
  EIO: () => ({
    what: 'the disk failed to read or write',
    hint: "the kernel's log (dmesg) says more; when the disk is well again, varve store verify --repair finds what was damaged",
  }),
  EROFS: () => ({
    what: 'the file system is read-only',
    hint: 'mount it writable, or name another place, such as --store',
  }),
  EMFILE: () => ({
    what: 'the process may open no more files',
    hint: 'raise the limit (ulimit -n); 256 are enough for a build',
  }),
  ENFILE: () => ({ what: 'the machine has no more open files', hint: 'end other programs, or raise fs.file-max' }),
  ENOMEM: () => ({
    what: 'the machine has no more memory',
    hint: 'give the build more memory, or fewer steps at once: --parallel 1',
  }),
};

/** @returns undefined for an error that does not come of the machine's state, or of one that it would not help to name */
export function machineFault(error: unknown): MachineFault | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 8; each = each.cause, depth++) {
    const { code, path } = each as NodeJS.ErrnoException;
    if (code !== undefined && Object.hasOwn(FAULTS, code)) return FAULTS[code]?.(path);
  }
  return undefined;
}

/** What is free by now, which tells whether bytes or inodes ran out; of the nearest directory that is there. */
function shareLeft(path: string): string {
  let place = path;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  try {
    const { blocks, bavail, files, ffree } = statfsSync(place);
    const percent = (part: number, whole: number): string => `${whole ? Math.round((part / whole) * 100) : 100}%`;
    return ` (now ${percent(bavail, blocks)} of its bytes and ${percent(ffree, files)} of its inodes are free)`;
  } catch {
    return '';
  }
}
