import { Command } from 'commander';
import type { CommandRun } from './image-services.ts';
import { packageVersion } from './package-version.ts';

/** What varve.ts runs before commander reads anything; here for `varve --help`. */
const KANIKO = [
  ['executor', "Build and push an image with kaniko's command line: docs/from-kaniko.md"],
  ['warmer', "Pull base images into the store with the command line of kaniko's warmer: docs/from-kaniko.md"],
] as const;

/** A command is a file, loaded when it is called, or when all of them are to be told. */
const COMMANDS: Readonly<Record<string, (run: CommandRun) => Promise<Command>>> = {
  build: async ({ signal, version }) => (await import('./commands/build.ts')).buildCommand(signal, version),
  bake: async (run) => (await import('./commands/bake.ts')).bakeCommand(run),
  explain: async ({ signal }) => (await import('./commands/explain.ts')).explainCommand(signal),
  history: async ({ signal }) => (await import('./commands/history.ts')).historyCommand(signal),
  report: async ({ signal }) => (await import('./commands/report.ts')).reportCommand(signal),
  bench: async ({ signal }) => (await import('./commands/bench.ts')).benchCommand(signal),
  lint: async ({ signal, version }) => (await import('./commands/lint.ts')).lintCommand(signal, version),
  import: async ({ signal, version }) => (await import('./commands/import.ts')).importCommand(signal, version),
  login: async ({ signal, version }) => (await import('./commands/login.ts')).loginCommand(signal, version),
  logout: async () => (await import('./commands/login.ts')).logoutCommand(),
  push: async (run) => (await import('./commands/push.ts')).pushCommand(run),
  pull: async (run) => (await import('./commands/pull.ts')).pullCommand(run),
  copy: async (run) => (await import('./commands/copy.ts')).copyCommand(run),
  inspect: async (run) => (await import('./commands/inspect.ts')).inspectCommand(run),
  diff: async (run) => (await import('./commands/diff.ts')).diffCommand(run),
  validate: async (run) => (await import('./commands/validate.ts')).validateCommand(run),
  index: async (run) => (await import('./commands/image-index.ts')).indexCommand(run),
  doctor: async ({ signal }) => (await import('./commands/doctor.ts')).doctorCommand(signal),
  store: async ({ signal }) => (await import('./commands/store.ts')).storeCommand(signal),
  config: async ({ signal }) => (await import('./commands/config.ts')).configCommand(() => createProgram(signal)),
  completion: async ({ signal }) =>
    (await import('./commands/completion.ts')).completionCommand(() => createProgram(signal)),
};

/** The names of all commands but kaniko's. */
export function commandNames(): string[] {
  return Object.keys(COMMANDS);
}

/**
 * The command line. The other commands' files are not loaded when it is known which one is called, and none is for the
 * version: all of them take 100 ms.
 * @param called the first word of the command line
 */
export async function createProgram(signal: AbortSignal, called?: string): Promise<Command> {
  const version = packageVersion();
  const program = new Command('varve')
    .description('Builds container images from Dockerfiles: no daemon, and a rebuild costs what changed')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(varve COMMAND --help lists the flags)');
  for (const load of commandsFor(called)) {
    const command = await load({ signal, version });
    program.addCommand(command.copyInheritedSettings(program));
  }
  for (const [name, about] of KANIKO) program.addCommand(new Command(name).description(about).helpOption(false));
  return program;
}

function commandsFor(called: string | undefined): ((run: CommandRun) => Promise<Command>)[] {
  if (called === '--version' || called === '-V') return [];
  const command = called !== undefined && Object.hasOwn(COMMANDS, called) ? COMMANDS[called] : undefined;
  return command ? [command] : Object.values(COMMANDS);
}
