import { readFileSync } from 'node:fs';

/** Pids of the direct children, from /proc/PID/task/TID/children (kernel 3.5, CONFIG_PROC_CHILDREN); none when unknown. */
export function childPids(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** All descendants, parents first. A process that forks meanwhile may be missed. */
export function descendantPids(pid: number): number[] {
  const found: number[] = [];
  const queue = [pid];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const child of childPids(next)) {
      found.push(child);
      queue.push(child);
    }
  }
  return found;
}
