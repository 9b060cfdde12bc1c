import { basename, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { addBenchOutputFlags, type BenchOutputFlags, benchRun, writeBench } from '../bench/bench-output.ts';
import { BENCH_MODES, type BenchMode } from '../bench/bench-row.ts';
import { positive } from '../service-options.ts';
import { scriptCommand } from './bench-script.ts';

interface HistoryFlags extends BenchOutputFlags {
  readonly repo: string;
  readonly commits: number;
  readonly ref: string;
  readonly mode?: readonly BenchMode[];
  readonly context: string;
  readonly file?: string;
}

/** `varve bench`. */
export function benchCommand(signal: AbortSignal): Command {
  const command = new Command('bench').description('Measure cache hit rates and times');
  command.addCommand(historyCommand(signal).exitOverride());
  command.addCommand(scriptCommand(signal).exitOverride());
  return command;
}

function historyCommand(signal: AbortSignal): Command {
  const command = new Command('history')
    .description('Build the commits of a repository one after the other, and say what hit, what missed and why')
    .requiredOption('--repo <dir>', 'a git repository; it is not written to')
    .option('--commits <n>', 'how many commits, first parents, up to the ref', positive, 50)
    .option('--ref <ref>', 'the last commit', 'HEAD')
    .addOption(
      new Option(
        '--mode <modes...>',
        'warm: one store and one checkout; ci: a new clone and an empty store with the cache of the commit before; cold: neither (default: warm ci)',
      ).choices(BENCH_MODES),
    )
    .option('--context <dir>', 'the context, in the repository', '.')
    .option('-f, --file <path>', 'the Dockerfile, in the repository');
  return addBenchOutputFlags(command).action((flags: HistoryFlags) => run(flags, signal));
}

async function run(flags: HistoryFlags, signal: AbortSignal): Promise<void> {
  const { benchHistory, historySeries } = await import('../bench/history-bench.ts');
  const repo = resolve(flags.repo);
  const modes = [...new Set(flags.mode ?? (['warm', 'ci'] as const))];
  const rows = await benchHistory({
    ...(await benchRun(flags, modes, signal)),
    repo,
    ref: flags.ref,
    commits: flags.commits,
    modes,
    context: flags.context,
    file: flags.file,
  });
  await writeBench(rows, ['builder', 'mode', 'index', 'commit'], flags, {
    title: `Cache hits over the history of ${basename(repo)}`,
    unit: 'commit',
    series: historySeries(rows),
  });
}
