import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface FoundProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

/**
 * Living processes with `text` in one of their arguments, this one not counted.
 * @param below when given, only those that work in this directory or below it
 */
export function findProcesses(text: string, below = ''): FoundProcess[] {
  const found: FoundProcess[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
      if (!argv.some((argument) => argument.includes(text))) continue;
      if (below === '' || readlinkSync(`/proc/${pid}/cwd`).startsWith(below)) found.push({ pid, argv });
    } catch {
      // ended meanwhile
    }
  }
  return found;
}
