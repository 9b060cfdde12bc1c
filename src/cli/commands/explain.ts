import { Command, Option } from 'commander';
import { explainBuild } from '../../build/explain/explain-build.ts';
import { VarveError } from '../../errors.ts';
import { findBuild } from '../find-build.ts';
import { openHistory } from '../open-history.ts';
import { buildsText, explanationText } from '../print-explanation.ts';
import { addStoreFlags, type StoreFlags } from '../service-options.ts';

interface ExplainFlags extends StoreFlags {
  readonly list?: boolean;
  readonly format: 'text' | 'json';
}

/** `varve explain`. */
export function explainCommand(signal: AbortSignal): Command {
  const command = new Command('explain')
    .description('Say for each step of an earlier build why it was a hit or a miss')
    .argument('[build]', 'the id of a build, or how it begins (default: the last one)')
    .option('--list', 'list the builds that the store knows, newest first')
    .addOption(new Option('--format <form>', 'how it is said').choices(['text', 'json']).default('text'))
    .action((build: string | undefined, flags: ExplainFlags) => run(build, flags, signal));
  return addStoreFlags(command);
}

async function run(wanted: string | undefined, flags: ExplainFlags, signal: AbortSignal): Promise<void> {
  if (flags.list && wanted !== undefined)
    throw new VarveError('USAGE', 'explain --list takes no build', { exitCode: 2 });
  await using opened = await openHistory(flags, signal);
  const { history, builds } = opened;
  const print = (text: string, value: unknown): void =>
    void process.stdout.write(flags.format === 'json' ? `${JSON.stringify(value, undefined, 2)}\n` : text);
  if (flags.list) {
    print(
      buildsText(builds),
      builds.map(({ steps: _, version: __, ...build }) => build),
    );
    return;
  }
  const explanation = await explainBuild(findBuild(wanted, builds), builds, history);
  print(explanationText(explanation), explanation);
}
