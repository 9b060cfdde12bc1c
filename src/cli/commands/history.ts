import { Command } from 'commander';
import { historyLogsCommand } from './history-logs.ts';
import { historyLsCommand } from './history-ls.ts';
import { historyRmCommand } from './history-rm.ts';
import { historyShowCommand } from './history-show.ts';

/** `varve history`. */
export function historyCommand(signal: AbortSignal): Command {
  const command = new Command('history').description(
    'What was built with this store: builds, their steps, what their commands wrote',
  );
  for (const child of [historyLsCommand, historyShowCommand, historyLogsCommand, historyRmCommand])
    command.addCommand(child(signal).exitOverride());
  return command;
}
