import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runProcess } from '../scripts/run-process.ts';

/** What one run of a program cost, with all the children it waited for. */
export interface Cost {
  readonly wallSeconds: number;
  /** User and system time together. */
  readonly cpuSeconds: number;
  /** The largest resident set that any one process of it had. */
  readonly peakRssKib: number;
  /** What varve counted itself. */
  readonly counts?: Counts;
}

/** From `--progress=json`. */
export interface Counts {
  readonly filesOpened: number;
  readonly framesCompressed: number;
  /** Before compression. */
  readonly bytesCompressed: number;
  readonly stepsRun: number;
  /** Of blobs, from and to registries. */
  readonly bytesMoved: number;
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
    const counts = countsIn(output);
    return { wallSeconds: seconds, cpuSeconds: user! + system!, peakRssKib: rss!, ...(counts ? { counts } : {}) };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${output.slice(-3000)}`, { cause: error });
  }
}

const progressLine = z.object({
  type: z.string(),
  status: z.string().optional(),
  received: z.number().optional(),
  sent: z.number().optional(),
  opened: z.number().optional(),
  frames: z.object({ compressed: z.number(), bytes: z.number() }).optional(),
});

function countsIn(output: string): Counts | undefined {
  const events = output
    .split('\n')
    .filter((line) => line.startsWith('{"type":'))
    .map((line) => progressLine.parse(JSON.parse(line)));
  if (events.length === 0) return undefined;
  const sum = (values: (number | undefined)[]): number =>
    values.reduce<number>((total, value) => total + (value ?? 0), 0);
  return {
    filesOpened: sum(events.map(({ opened }) => opened)),
    framesCompressed: sum(events.map(({ frames }) => frames?.compressed)),
    bytesCompressed: sum(events.map(({ frames }) => frames?.bytes)),
    stepsRun: events.filter(({ type, status }) => type === 'step-end' && status === 'done').length,
    bytesMoved: sum(events.flatMap(({ received, sent }) => [received, sent])),
  };
}
