import { Command } from 'commander';
import { storeDuCommand } from './store-du.ts';
import { storePruneCommand } from './store-prune.ts';
import { storeVerifyCommand } from './store-verify.ts';

/** `varve store`, which has a command for each thing that is done to a store. */
export function storeCommand(signal: AbortSignal): Command {
  const command = new Command('store').description(
    'Look after the store: what it holds, whether it is whole, what goes',
  );
  for (const child of [storeDuCommand, storeVerifyCommand, storePruneCommand])
    command.addCommand(child(signal).exitOverride());
  return command;
}
