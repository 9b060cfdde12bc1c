import { Command } from 'commander';
import * as z from 'zod';
import { settingsOf } from '../config/apply-config.ts';
import { configFiles } from '../config/config-files.ts';
import { nameOf, sectionSchema } from '../config/config-schema.ts';
import { textTable } from '../text-table.ts';

/** `varve config`. @param all gives the whole program */
export function configCommand(all: () => Promise<Command>): Command {
  const command = new Command('config').description('What configuration files say, and may say');
  command.addCommand(showCommand(all).exitOverride());
  command.addCommand(schemaCommand(all).exitOverride());
  return command;
}

function showCommand(all: () => Promise<Command>): Command {
  return new Command('show')
    .description('Check the configuration files and list the flags that they set')
    .action(async () => {
      const program = await all();
      const files = configFiles(process.env);
      const names = program.commands.map((command) => command.name());
      const rows = leaves(program, []).flatMap(({ command, path }) =>
        settingsOf(command, path, { files, names }).map(({ option, value, file }) => [
          path.join(' '),
          `--${nameOf(option)}`,
          JSON.stringify(value),
          file,
        ]),
      );
      process.stdout.write(textTable([['COMMAND', 'FLAG', 'VALUE', 'FILE'], ...rows], []));
    });
}

function schemaCommand(all: () => Promise<Command>): Command {
  return new Command('schema')
    .description('Print the JSON schema of varve.config.yaml, which editors check it by')
    .action(async () => {
      const program = await all();
      const commands = leaves(program, []).map(({ path }) => path[0]!);
      const parts = program.commands
        .filter((command) => commands.includes(command.name()))
        .map((command) => [command.name(), sectionSchema(command).optional()] as const);
      const schema = z.toJSONSchema(z.strictObject(Object.fromEntries(parts)), { io: 'input' });
      process.stdout.write(`${JSON.stringify({ title: 'varve.config.yaml', ...schema }, undefined, 2)}\n`);
    });
}

/** Commands without commands of their own, that read configuration files. */
function leaves(command: Command, path: readonly string[]): { command: Command; path: readonly string[] }[] {
  if (command.commands.length === 0) return [{ command, path }];
  return command.commands
    .filter((child) => path.length > 0 || !['config', 'completion', 'executor', 'warmer'].includes(child.name()))
    .flatMap((child) => leaves(child, [...path, child.name()]));
}
