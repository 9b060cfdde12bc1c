import { writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { BENCH_MODES, type BenchMode } from '../bench/bench-row.ts';
import { repeated } from '../repeated.ts';
import { positive } from '../service-options.ts';

interface HistoryFlags {
  readonly repo: string;
  readonly commits: number;
  readonly ref: string;
  readonly mode?: readonly BenchMode[];
  readonly context: string;
  readonly file?: string;
  readonly buildFlag: readonly string[];
  readonly work: string;
  readonly json?: string;
  readonly csv?: string;
  readonly report?: string;
}

/** `varve bench`. */
export function benchCommand(signal: AbortSignal): Command {
  const command = new Command('bench').description('Measure cache hit rates and times');
  command.addCommand(historyCommand(signal).exitOverride());
  return command;
}

function historyCommand(signal: AbortSignal): Command {
  return new Command('history')
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
    .option('-f, --file <path>', 'the Dockerfile, in the repository')
    .option(
      '--build-flag <flag>',
      'a flag for varve build, such as --build-flag=--target=app (repeatable)',
      repeated,
      [],
    )
    .option(
      '--work <dir>',
      'where checkouts, stores, logs and what was measured are kept; a benchmark goes on there',
      'varve-bench',
    )
    .option('--json <path>', 'write every build there')
    .option('--csv <path>', 'write a line for each build there')
    .option('--report <path>', 'write a page there (HTML)')
    .action((flags: HistoryFlags) => run(flags, signal));
}

async function run(flags: HistoryFlags, signal: AbortSignal): Promise<void> {
  const [{ benchHistory }, { benchText, benchCsv }] = await Promise.all([
    import('../bench/history-bench.ts'),
    import('../bench/bench-text.ts'),
  ]);
  const repo = resolve(flags.repo);
  const rows = await benchHistory({
    repo,
    work: resolve(flags.work),
    ref: flags.ref,
    commits: flags.commits,
    modes: flags.mode ?? ['warm', 'ci'],
    context: flags.context,
    file: flags.file,
    buildArgs: flags.buildFlag,
    varve: [process.execPath, ...process.execArgv, process.argv[1]!],
    signal,
    note: (text) => void process.stderr.write(`${text}\n`),
  });
  if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(rows, undefined, 2)}\n`);
  if (flags.csv !== undefined) await writeFile(flags.csv, benchCsv(rows));
  if (flags.report !== undefined) {
    const { benchPage } = await import('../bench/bench-page.ts');
    await writeFile(flags.report, benchPage(rows, basename(repo)));
  }
  process.stdout.write(benchText(rows));
}
