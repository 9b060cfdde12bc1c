import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** A command in a terminal of its own. */
export interface TestTerminal extends AsyncDisposable {
  /** The screen, or with what has gone off its top. */
  screen(all?: boolean): Promise<string>;
  resize(columns: number, rows: number): Promise<void>;
  /** Waits until the screen is as it should be; fails with it when that takes too long. */
  until(isGood: (screen: string) => boolean, what: string): Promise<string>;
}

const run = promisify(execFile);
/** Long enough for a machine that builds other things too. */
const PATIENCE_MS = 20_000;

/** Whether a test can have terminals here. */
export function hasTerminals(): boolean {
  return spawnSync('tmux', ['-V']).status === 0;
}

/** @param directory where the terminal's socket lies; a short path */
export async function openTerminal(
  directory: string,
  command: readonly string[],
  { columns, rows, env }: { columns: number; rows: number; env: Readonly<Record<string, string>> },
): Promise<TestTerminal> {
  const tmux = (...args: string[]) => run('tmux', ['-S', join(directory, 'tmux'), '-f', '/dev/null', ...args]);
  const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const size = ['-x', String(columns), '-y', String(rows)];
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  // What it wrote is there until the terminal is closed.
  const shell = `${quoted}; echo "exit code $?"; exec sleep 1000`;
  await tmux('new-session', '-d', ...size, ...variables, shell);
  const terminal: TestTerminal = {
    screen: async (all = false) => (await tmux('capture-pane', '-p', ...(all ? ['-S', '-'] : []))).stdout,
    async resize(width, height) {
      await tmux('resize-window', '-x', String(width), '-y', String(height));
    },
    async until(isGood, what) {
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        const screen = await terminal.screen();
        if (isGood(screen)) return screen;
        if (performance.now() > deadline) throw new Error(`never seen: ${what}\n${screen}`);
        await delay(50);
      }
    },
    async [Symbol.asyncDispose]() {
      await tmux('kill-server');
    },
  };
  return terminal;
}
