import { readdirSync, readlinkSync } from 'node:fs';
import koffi from 'koffi';

const F_SETFD = 2; // linux/fcntl.h
const FD_CLOEXEC = 1;
/** Standard error, the last one that a command is given. */
const LAST_GIVEN = 2;

/** What this process has open, kept from the processes that it starts. */
export interface OwnDescriptors {
  /**
   * Marks all of them to be closed by exec: LevelDB's files, which are not opened so (the catalog could be written to), and
   * what whoever started varve left open.
   */
  close(): void;
  /** Whether a process that has just been started has one: another thread opened it meanwhile. */
  has(pid: number): boolean;
}

export function ownDescriptors(): OwnDescriptors {
  const fcntl = koffi.load(null).func('int fcntl(int fd, int command, ...)');
  return {
    // What closed meanwhile needs nothing.
    close: () => {
      for (const fd of openBy('self')) fcntl(fd, F_SETFD, 'int', FD_CLOEXEC);
    },
    has(pid) {
      const files = new Set(openBy('self').map((fd) => fileOf('self', fd)));
      return openBy(pid).some((fd) => {
        const file = fileOf(pid, fd);
        return file !== undefined && files.has(file);
      });
    },
  };
}

function openBy(pid: number | 'self'): number[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
      .map(Number)
      .filter((fd) => fd > LAST_GIVEN);
  } catch {
    // Ended, or another user's by now.
    return [];
  }
}

/** Of a file its path, of a pipe or socket its number; undefined for what is closed, and what all processes have alike. */
function fileOf(pid: number | 'self', fd: number): string | undefined {
  try {
    const file = readlinkSync(`/proc/${pid}/fd/${fd}`);
    return /^(?:anon_inode:|\/dev\/)/.test(file) ? undefined : file;
  } catch {
    return undefined;
  }
}
