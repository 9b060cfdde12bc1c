import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { VarveError } from '../../errors.ts';
import { addBenchOutputFlags, type BenchOutputFlags, benchRun, writeBench } from '../bench/bench-output.ts';
import { BENCH_MODES, type BenchMode } from '../bench/bench-row.ts';
import { checkCommon } from '../bench/builders/open-peer.ts';
import { positive } from '../service-options.ts';

interface ScriptFlags extends BenchOutputFlags {
  readonly mode?: readonly BenchMode[];
  readonly repeats: number;
  readonly seed?: number;
  readonly edits?: number;
}

/** Edits that a seed draws. */
const DRAWN_EDITS = 20;

/** `varve bench script`. */
export function scriptCommand(signal: AbortSignal): Command {
  const command = new Command('script')
    .description('Build variants after named edits, and say which one hits more and what it saves')
    .argument('<file>', 'the script (YAML): docs/bench.md')
    .addOption(new Option('--mode <modes...>', "instead of the script's modes").choices(BENCH_MODES))
    .option('--repeats <n>', 'how often all is measured, each time with new stores and caches', positive, 1)
    .option('--seed <n>', 'draw edits by their weights; a seed always gives the same ones', seedNumber)
    .option('--edits <n>', `how many edits a seed draws (default: ${DRAWN_EDITS})`, positive);
  return addBenchOutputFlags(command).action((file: string, flags: ScriptFlags) => run(file, flags, signal));
}

async function run(file: string, flags: ScriptFlags, signal: AbortSignal): Promise<void> {
  if (flags.edits !== undefined && flags.seed === undefined)
    throw new VarveError('USAGE', '--edits needs a --seed: without one each edit is made once', { exitCode: 2 });
  const [{ parseYaml }, { scriptSchema }, { editSequence }, { benchScript, scriptSeries }, { compareVariants }] =
    await Promise.all([
      import('../parse-yaml.ts'),
      import('../bench/script-schema.ts'),
      import('../bench/edit-sequence.ts'),
      import('../bench/script-bench.ts'),
      import('../bench/compare-variants.ts'),
    ]);
  const directory = dirname(resolve(file));
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new VarveError('USAGE', `${file} cannot be read: ${error.message}`, { exitCode: 2, cause: error });
  });
  const isFile = (context: string, path: string): boolean =>
    statSync(join(resolve(directory, context), path), { throwIfNoEntry: false })?.isFile() ?? false;
  const script = parseYaml(text, file, scriptSchema(isFile));
  const context = resolve(directory, script.context);
  const sequence = editSequence(
    script,
    flags.seed === undefined ? undefined : { seed: flags.seed, count: flags.edits ?? DRAWN_EDITS },
  );
  const modes = [...new Set(flags.mode ?? script.modes)];
  if (flags.against !== undefined)
    for (const { flags: own } of Object.values(script.variants)) checkCommon(own, flags.against);
  const rows = await benchScript({
    ...(await benchRun(flags, modes, signal)),
    script,
    context,
    modes,
    sequence,
    repeats: flags.repeats,
    own: [file, flags.json, flags.csv, flags.report].flatMap((path) => (path === undefined ? [] : resolve(path))),
  });
  const { buildsPerMonth } = script;
  await writeBench(rows, ['builder', 'variant', 'mode', 'repeat', 'index', 'edit'], flags, {
    title: `Cache hits after the edits of ${basename(file)}`,
    unit: 'edit',
    series: scriptSeries(rows),
    comparison: { variants: compareVariants(rows, buildsPerMonth), buildsPerMonth },
  });
}

function seedNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('it is a whole number of at most 9 digits');
  return Number(value);
}
