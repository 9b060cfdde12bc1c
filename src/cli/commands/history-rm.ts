import { Command } from 'commander';
import { sweepHistory } from '../../build/explain/sweep-history.ts';
import { VarveError } from '../../errors.ts';
import { findBuild } from '../find-build.ts';
import { openHistory } from '../open-history.ts';
import { addStoreFlags, type StoreFlags } from '../service-options.ts';

interface RmFlags extends StoreFlags {
  readonly all?: boolean;
}

/** `varve history rm`. */
export function historyRmCommand(signal: AbortSignal): Command {
  const command = new Command('rm')
    .description('Forget builds, with their inputs and output; their layers and the cache stay')
    .argument('[builds...]', 'ids of builds, or how they begin')
    .option('--all', 'every build')
    .action(async (wanted: readonly string[], flags: RmFlags) => {
      if (flags.all ? wanted.length > 0 : wanted.length === 0)
        throw new VarveError('USAGE', 'history rm takes either builds or --all', { exitCode: 2 });
      await using opened = await openHistory(flags, signal);
      const { builds, services } = opened;
      const gone = flags.all ? builds : wanted.map((id) => findBuild(id, builds));
      const ids = new Set(gone.map(({ id }) => id));
      await sweepHistory(services.store.catalog, { unwanted: ids });
      for (const id of ids) process.stdout.write(`${id}\n`);
    });
  return addStoreFlags(command);
}
