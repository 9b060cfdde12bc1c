import { Command, Option } from 'commander';
import { findBuild } from '../find-build.ts';
import { openHistory } from '../open-history.ts';
import { buildText } from '../print-build.ts';
import { addStoreFlags, type StoreFlags } from '../service-options.ts';

interface ShowFlags extends StoreFlags {
  readonly format: 'text' | 'json';
}

/** `varve history show`. */
export function historyShowCommand(signal: AbortSignal): Command {
  const command = new Command('show')
    .alias('inspect')
    .description('Say what a build was: its steps with their times and layers, what it gave')
    .argument('[build]', 'the id of a build, or how it begins (default: the last one)')
    .addOption(new Option('--format <form>', 'how it is said').choices(['text', 'json']).default('text'))
    .action(async (wanted: string | undefined, flags: ShowFlags) => {
      await using opened = await openHistory(flags, signal);
      const build = findBuild(wanted, opened.builds);
      process.stdout.write(flags.format === 'json' ? `${JSON.stringify(build, undefined, 2)}\n` : buildText(build));
    });
  return addStoreFlags(command);
}
