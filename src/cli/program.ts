import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { buildCommand } from './commands/build.ts';
import { copyCommand } from './commands/copy.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { explainCommand } from './commands/explain.ts';
import { historyCommand } from './commands/history.ts';
import { indexCommand } from './commands/image-index.ts';
import { importCommand } from './commands/import.ts';
import { inspectCommand } from './commands/inspect.ts';
import { lintCommand } from './commands/lint.ts';
import { loginCommand, logoutCommand } from './commands/login.ts';
import { pullCommand } from './commands/pull.ts';
import { pushCommand } from './commands/push.ts';
import { reportCommand } from './commands/report.ts';
import { storeCommand } from './commands/store.ts';
import { validateCommand } from './commands/validate.ts';

/** What main.ts runs before commander reads anything; here for `varve --help`. */
const KANIKO = [
  ['executor', "Build and push an image with kaniko's command line: docs/from-kaniko.md"],
  ['warmer', "Pull base images into the store with the command line of kaniko's warmer: docs/from-kaniko.md"],
] as const;

/** This package's version. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

/** The command line, one command a file. */
export function createProgram(signal: AbortSignal): Command {
  const version = packageVersion();
  const program = new Command('varve')
    .description('Builds container images from Dockerfiles: no daemon, and a rebuild costs what changed')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(varve COMMAND --help lists the flags)');
  program.addCommand(buildCommand(signal, version).copyInheritedSettings(program));
  program.addCommand(explainCommand(signal).copyInheritedSettings(program));
  program.addCommand(historyCommand(signal).copyInheritedSettings(program));
  program.addCommand(reportCommand(signal).copyInheritedSettings(program));
  program.addCommand(lintCommand(signal, version).copyInheritedSettings(program));
  program.addCommand(importCommand(signal, version).copyInheritedSettings(program));
  program.addCommand(loginCommand(signal, version).copyInheritedSettings(program));
  program.addCommand(logoutCommand().copyInheritedSettings(program));
  const run = { signal, version };
  for (const command of [
    pushCommand,
    pullCommand,
    copyCommand,
    inspectCommand,
    diffCommand,
    validateCommand,
    indexCommand,
  ])
    program.addCommand(command(run).copyInheritedSettings(program));
  program.addCommand(doctorCommand(signal).copyInheritedSettings(program));
  program.addCommand(storeCommand(signal).copyInheritedSettings(program));
  for (const [name, about] of KANIKO) program.addCommand(new Command(name).description(about).helpOption(false));
  return program;
}
