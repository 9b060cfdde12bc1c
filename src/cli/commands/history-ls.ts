import { Command, Option } from 'commander';
import { openHistory } from '../open-history.ts';
import { buildsText } from '../print-explanation.ts';
import { addStoreFlags, type StoreFlags } from '../service-options.ts';

interface LsFlags extends StoreFlags {
  readonly format: 'table' | 'json';
}

/** `varve history ls`. */
export function historyLsCommand(signal: AbortSignal): Command {
  const command = new Command('ls')
    .description('List the builds that the store knows, newest first')
    .addOption(new Option('--format <form>', 'how it is said').choices(['table', 'json']).default('table'))
    .action(async (flags: LsFlags) => {
      await using opened = await openHistory(flags, signal);
      const { builds } = opened;
      const short = builds.map(({ steps: _, version: __, ...build }) => build);
      process.stdout.write(flags.format === 'json' ? `${JSON.stringify(short, undefined, 2)}\n` : buildsText(builds));
    });
  return addStoreFlags(command);
}
