import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface Worker {
  readonly child: ChildProcess;
  readonly lines: string[];
  /** The first line that starts so; an error when the process ends without. */
  line(prefix: string): Promise<string>;
  /** [exit code, signal] */
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
  kill(): Promise<void>;
}

/** Starts store-worker.ts. What a `read` says on stderr is dropped: it is meant to crash. */
export function startWorker(task: string, root: string, name = '', count = 0): Worker {
  const script = fileURLToPath(new URL('store-worker.ts', import.meta.url));
  const child = spawn(process.execPath, [script, task, root, name, String(count)], {
    stdio: ['ignore', 'pipe', task === 'read' ? 'ignore' : 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  const ended = once(child, 'close').then(([code, signal]) => [code, signal] as const);
  return {
    child,
    lines,
    ended,
    async line(prefix) {
      for (;;) {
        const line = lines.find((text) => text.startsWith(prefix));
        if (line !== undefined) return line;
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`no line ${prefix}: ${lines.join('; ')}`);
        await setTimeout(5);
      }
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The process that has the lock of a store's catalog now (proc_locks(5)). */
export function ownerOf(root: string): number | undefined {
  const stats = statSync(join(root, 'v1', 'catalog.lock'), { throwIfNoEntry: false });
  if (!stats) return undefined;
  const line = readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .find((text) => text.includes('FLOCK') && !text.includes('->') && text.includes(`:${stats.ino} `));
  return line === undefined ? undefined : Number(line.trim().split(/\s+/)[4]);
}
