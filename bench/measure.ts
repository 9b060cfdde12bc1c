import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProcess } from '../scripts/run-process.ts';

/** What one run of a program cost, with all the children it waited for. */
export interface Cost {
  readonly wallSeconds: number;
  /** User and system time together. */
  readonly cpuSeconds: number;
  /** The largest resident set that any one process of it had. */
  readonly peakRssKib: number;
}

export interface Command {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs a command to its end under GNU time.
 * @throws Error with the end of the command's output when it fails.
 */
export async function measure(command: Command, scratch: string, signal: AbortSignal): Promise<Cost> {
  const report = join(scratch, 'time.txt');
  let output = '';
  const argv = ['/usr/bin/time', '-o', report, '-f', '%U %S %M', ...command.argv];
  const env = { ...process.env, ...command.env };
  try {
    const { seconds } = await runProcess(argv, { env, signal, onOutput: (text) => (output += text) });
    const [user, system, rss] = readFileSync(report, 'utf8').trim().split(' ').map(Number);
    return { wallSeconds: seconds, cpuSeconds: user! + system!, peakRssKib: rss! };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${output.slice(-3000)}`, { cause: error });
  }
}
