import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { buildCommand } from './commands/build.ts';
import { explainCommand } from './commands/explain.ts';
import { importCommand } from './commands/import.ts';
import { lintCommand } from './commands/lint.ts';
import { loginCommand, logoutCommand } from './commands/login.ts';
import { storeCommand } from './commands/store.ts';

/** The command line, one command a file. */
export function createProgram(signal: AbortSignal): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const program = new Command('varve')
    .description('Builds container images from Dockerfiles: no daemon, and a rebuild costs what changed')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(varve COMMAND --help lists the flags)');
  program.addCommand(buildCommand(signal, version).copyInheritedSettings(program));
  program.addCommand(explainCommand(signal).copyInheritedSettings(program));
  program.addCommand(lintCommand(signal, version).copyInheritedSettings(program));
  program.addCommand(importCommand(signal, version).copyInheritedSettings(program));
  program.addCommand(loginCommand(signal, version).copyInheritedSettings(program));
  program.addCommand(logoutCommand().copyInheritedSettings(program));
  program.addCommand(storeCommand(signal).copyInheritedSettings(program));
  return program;
}
