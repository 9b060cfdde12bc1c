import { Command, Option } from 'commander';
import type { BuildRecord } from '../../build/explain/build-record.ts';
import { explainBuild } from '../../build/explain/explain-build.ts';
import { createHistory } from '../../build/explain/history.ts';
import { createStoreServices } from '../../build/store/store-services.ts';
import { VarveError } from '../../errors.ts';
import { buildsText, explanationText } from '../print-explanation.ts';
import { addStoreFlags, type StoreFlags, storeOptions } from '../service-options.ts';

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
  await using services = await createStoreServices(storeOptions(flags, signal));
  const history = createHistory(services.store.catalog);
  const builds = await history.builds();
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

function findBuild(wanted: string | undefined, builds: readonly BuildRecord[]): BuildRecord {
  const [last] = builds;
  if (!last)
    throw new VarveError('BUILD_UNKNOWN', 'the store knows of no build', { hint: '--store names another one' });
  if (wanted === undefined) return last;
  const found = builds.filter(({ id }) => id.startsWith(wanted));
  if (found.length === 1) return found[0]!;
  const problem = found.length ? `is how ${found.length} builds begin` : 'is no build that the store knows';
  throw new VarveError('BUILD_UNKNOWN', `${JSON.stringify(wanted)} ${problem}`, {
    hint: 'varve explain --list lists them',
  });
}
