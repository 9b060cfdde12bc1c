import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Pids of the direct children; none when unknown. */
export function childPids(pid: number): number[] {
  const children: number[] = [];
  try {
    // Each thread has its own children: runc forks from any.
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const text = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8');
      children.push(...text.trim().split(' ').filter(Boolean).map(Number));
    }
  } catch {
    // The process or a thread ended, or the kernel has no such file (CONFIG_PROC_CHILDREN).
    if (!existsSync('/proc/self/task') || existsSync('/proc/thread-self/children')) return children;
    return childrenByParent(pid);
  }
  return children;
}

/** Descendants from `depth` generations down (1: children). A process that forks meanwhile may be missed. */
export function descendantPids(pid: number, depth: number): number[] {
  const children = childPids(pid);
  const below = children.flatMap((child) => descendantPids(child, depth - 1));
  return depth <= 1 ? [...children, ...below] : below;
}

/** By each process's fourth field of /proc/PID/stat; its second may have any character, blanks and brackets too. */
function childrenByParent(parent: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const ppid = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
      return Number(ppid) === parent ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}
