import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, rmSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** So many owners in a row that ended without leave(), and the catalog is looked at before the next one opens it. */
const SUSPICIOUS = 3;

/** How the probe says that rows are unreadable (probe-catalog.ts). */
export const PROBE_DAMAGED = 'damaged';

const CRASHES = new Set<NodeJS.Signals | null>(['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP']);

/**
 * LevelDB checks no checksums on reads, and some damage in a table's index ends the process by an assertion (about 1 of 200
 * trials with random bytes overwritten). Then every process that opens the catalog would die. So each owner leaves a
 * byte in a file that only a regular end removes, and after {@link SUSPICIOUS} of them a child process reads it all.
 */
export interface CrashGuard {
  /** Why the catalog has to be replaced, or undefined. Comes before LevelDB is opened. */
  enter(): Promise<string | undefined>;
  /** A regular end, after LevelDB was closed. */
  leave(): void;
}

/** @param path of the LevelDB directory; the caller has the right to it */
export function createCrashGuard(path: string): CrashGuard {
  const marks = `${path}.unclean`;
  return {
    async enter() {
      const unclean = statSync(marks, { throwIfNoEntry: false })?.size ?? 0;
      const damaged = unclean >= SUSPICIOUS && (await probe(path));
      if (unclean >= SUSPICIOUS) rmSync(marks, { force: true });
      try {
        appendFileSync(marks, '.');
      } catch {
        // A full disk: the mark is a precaution, and no reason to go without a store.
      }
      return damaged ? `${unclean} processes died with it, and so does one that reads all of it` : undefined;
    },
    leave: () => rmSync(marks, { force: true }),
  };
}

/** Whether reading everything in another process fails. A process that was ended from outside says nothing. */
async function probe(path: string): Promise<boolean> {
  const script = fileURLToPath(new URL(`../cas/probe-catalog${extname(import.meta.url)}`, import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.on('error', () => {}); // ended before it read the path: its end tells
  child.stdin.end(path);
  const [said, [, signal]] = await Promise.all([
    text(child.stdout),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return said === PROBE_DAMAGED || CRASHES.has(signal);
}
