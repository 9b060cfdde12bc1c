import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { repeated } from '../repeated.ts';
import type { BenchPage } from './bench-page.ts';
import type { Measured } from './bench-row.ts';
import type { BenchRun } from './measure-build.ts';
import { isOwnFlag } from './own-flags.ts';

/** How a benchmark builds, where it works, and what it writes. */
export interface BenchOutputFlags {
  readonly buildFlag: readonly string[];
  readonly work: string;
  readonly json?: string;
  readonly csv?: string;
  readonly report?: string;
}

/** Adds the flags of {@link BenchOutputFlags}. */
export function addBenchOutputFlags(command: Command): Command {
  return command
    .option(
      '--build-flag <flag>',
      'a flag for varve build, such as --build-flag=--target=app (repeatable)',
      buildFlag,
      [],
    )
    .option(
      '--work <dir>',
      'where checkouts, stores, logs and what was measured are kept; a benchmark goes on there',
      'varve-bench',
    )
    .option('--json <path>', 'write every build there')
    .option('--csv <path>', 'write a line for each build there')
    .option('--report <path>', 'write a page there (HTML)');
}

export function benchRun({ work, buildFlag }: BenchOutputFlags, signal: AbortSignal): BenchRun {
  return {
    varve: [process.execPath, ...process.execArgv, process.argv[1]!],
    work: resolve(work),
    buildArgs: buildFlag,
    signal,
    note: (text) => void process.stderr.write(`${text}\n`),
  };
}

/** Writes the files that were asked for, and prints the table. */
export async function writeBench<T extends Measured>(
  rows: readonly T[],
  names: readonly (keyof T & string)[],
  flags: BenchOutputFlags,
  shown: BenchPage,
): Promise<void> {
  const { benchCsv, benchText, comparisonText } = await import('./bench-text.ts');
  if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(rows, undefined, 2)}\n`);
  if (flags.csv !== undefined) await writeFile(flags.csv, benchCsv(rows, names));
  if (flags.report !== undefined) {
    const { benchPage } = await import('./bench-page.ts');
    await writeFile(flags.report, benchPage(shown));
  }
  const { comparison } = shown;
  const variants = comparison && comparisonText(comparison.variants, comparison.buildsPerMonth);
  process.stdout.write([benchText(shown.series), variants].filter((text) => text !== undefined).join('\n'));
}

function buildFlag(value: string, before: readonly string[]): string[] {
  if (isOwnFlag(value)) throw new InvalidArgumentError('the benchmark gives this flag itself');
  return repeated(value, before);
}
