import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Measured } from '../bench-row.ts';

/**
 * Runs a program whose output goes to a file.
 * @param env besides this process's own
 * @throws the signal's reason, when it ended the program
 */
export async function runLogged(
  argv: readonly [program: string, ...args: string[]],
  log: string,
  signal: AbortSignal,
  env: Readonly<Record<string, string>> = {},
): Promise<Pick<Measured, 'result' | 'wallMs'>> {
  mkdirSync(dirname(log), { recursive: true });
  const file = createWriteStream(log);
  const started = performance.now();
  const [program, ...args] = argv;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    env: { ...process.env, ...env },
  });
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const wallMs = Math.round(performance.now() - started);
  await finished(file.end());
  signal.throwIfAborted();
  return { result: code === 0 ? 'done' : 'failed', wallMs };
}
