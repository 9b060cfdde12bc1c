import { readdirSync, readFileSync } from 'node:fs';

/** Pids of the direct children, from /proc/PID/task/TID/children (CONFIG_PROC_CHILDREN); none when unknown. */
export function childPids(pid: number): number[] {
  const children: number[] = [];
  try {
    // Each thread has its own children: runc forks from any.
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const text = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8');
      children.push(...text.trim().split(' ').filter(Boolean).map(Number));
    }
  } catch {
    // the process or a thread ended
  }
  return children;
}

/** Descendants from `depth` generations down (1: children). A process that forks meanwhile may be missed. */
export function descendantPids(pid: number, depth: number): number[] {
  const children = childPids(pid);
  const below = children.flatMap((child) => descendantPids(child, depth - 1));
  return depth <= 1 ? [...children, ...below] : below;
}
