import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { VarveError } from '../../errors.ts';
import { repeated } from '../repeated.ts';
import type { BenchPage } from './bench-page.ts';
import type { BenchMode, Measured } from './bench-row.ts';
import { openPeer, PEERS, type PeerName } from './builders/open-peer.ts';
import type { BenchRun } from './measure-build.ts';
import { isOwnFlag, isPeersOwnFlag } from './own-flags.ts';

/** How a benchmark builds, where it works, and what it writes. */
export interface BenchOutputFlags {
  readonly buildFlag: readonly string[];
  readonly against?: PeerName;
  readonly varveFlag: readonly string[];
  readonly peerFlag: readonly string[];
  readonly cacheRepo?: string;
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
      'a flag for every build, such as --build-flag=--target=app (repeatable)',
      ownFlag,
      [],
    )
    .addOption(new Option('--against <builder>', 'measure another builder beside varve').choices(PEERS))
    .option('--varve-flag <flag>', 'a flag for builds of varve alone (repeatable)', ownFlag, [])
    .option('--peer-flag <flag>', 'a flag for builds of the other builder alone (repeatable)', peerFlag, [])
    .option('--cache-repo <repository>', 'mode ci: keep caches in repositories below this one, not in a directory')
    .option(
      '--work <dir>',
      'where checkouts, stores, logs and what was measured are kept; a benchmark goes on there',
      'varve-bench',
    )
    .option('--json <path>', 'write every build there')
    .option('--csv <path>', 'write a line for each build there')
    .option('--report <path>', 'write a page there (HTML)');
}

/** @throws VarveError `USAGE` for a builder that is not installed, and for flags that it cannot be given */
export async function benchRun(
  flags: BenchOutputFlags,
  modes: readonly BenchMode[],
  signal: AbortSignal,
): Promise<BenchRun> {
  const { work, buildFlag, varveFlag, peerFlag, cacheRepo } = flags;
  const { varveBuilder } = await import('./builders/varve.ts');
  const varve = varveBuilder({
    varve: [process.execPath, ...process.execArgv, process.argv[1]!],
    args: [...buildFlag, ...varveFlag],
    cacheRepo,
    signal,
  });
  if (flags.against === undefined && peerFlag.length)
    throw new VarveError('USAGE', '--peer-flag needs --against', { exitCode: 2 });
  const peer = flags.against && (await openPeer(flags.against, { buildFlag, peerFlag, cacheRepo, modes, signal }));
  return {
    builders: peer ? [varve, peer] : [varve],
    work: resolve(work),
    buildArgs: [...buildFlag, ...varveFlag, ...peerFlag],
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

function peerFlag(value: string, before: readonly string[]): string[] {
  if (isPeersOwnFlag(value)) throw new InvalidArgumentError('the benchmark gives this flag itself');
  return repeated(value, before);
}

function ownFlag(value: string, before: readonly string[]): string[] {
  if (isOwnFlag(value)) throw new InvalidArgumentError('the benchmark gives this flag itself');
  return repeated(value, before);
}
