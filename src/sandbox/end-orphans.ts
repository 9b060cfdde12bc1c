import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { VarveError } from '../errors.ts';
import type { ProcessCalls } from './become.ts';
import { childPids } from './process-tree.ts';

/** Between two looks, in ms. */
const SWEEP_MS = 5;
/** What survives SIGKILL that long may not be killed by this process, in ms. */
const SWEEP_LIMIT_MS = 10_000;
/** A process that forks and ends while it is looked for is found by the look after that. */
const EMPTY_LOOKS = 2;

/**
 * Kills what a RUN in a chroot left when it killed its keeper: nothing may change the rootfs while it is read or cleaned.
 * This process has to be a subreaper, so that an orphan whose root it may not see is its child, and no child of others.
 * @param root the RUN's root, a real path
 * @param keepers of the RUNs that go on: they were another user for a moment, so their root is hidden as well
 * @throws VarveError `SANDBOX_SETUP` when they cannot be killed
 */
export async function endOrphans(
  root: string,
  keepers: ReadonlySet<number>,
  calls: Pick<ProcessCalls, 'reap'>,
): Promise<void> {
  const until = Date.now() + SWEEP_LIMIT_MS;
  for (let empty = 0; empty < EMPTY_LOOKS; ) {
    const found = orphansIn(root, keepers);
    empty = found.length === 0 ? empty + 1 : 0;
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // gone already
      }
    }
    if (found.length === 0) continue;
    if (Date.now() > until) throw new VarveError('SANDBOX_SETUP', 'processes that a RUN left cannot be killed');
    await sleep(SWEEP_MS);
    for (const pid of found) calls.reap(pid);
  }
}

/** Those that have the root, and own children whose root is hidden: another user's, as no other child of varve is. */
function orphansIn(root: string, keepers: ReadonlySet<number>): number[] {
  const own = new Set(childPids(process.pid));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      if (pid === process.pid) return false;
      try {
        return readlinkSync(`/proc/${pid}/root`) === root;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'EACCES' && own.has(pid) && !keepers.has(pid);
      }
    });
}
