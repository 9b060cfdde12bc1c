import type { Command, Option } from 'commander';

/** A flag as a shell completes it. */
export interface FlagWords {
  /** `-f`, `--file`: one or both. */
  readonly names: readonly string[];
  readonly about: string;
  /** What it takes: nothing, one of some words, or whatever a file's name may be. */
  readonly value: 'none' | 'file' | readonly string[];
}

/** A command as a shell completes it. */
export interface CommandWords {
  /** Below the program: `['store', 'prune']`; empty for the program itself. */
  readonly path: readonly string[];
  readonly about: string;
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly flags: readonly FlagWords[];
  /** What its first argument is, where that is one of some words. */
  readonly words: readonly string[];
}

/** A command and all below it, parents first. */
export function commandWords(command: Command, path: readonly string[] = []): CommandWords[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  const own: CommandWords = {
    path,
    about: command.description(),
    commands: children.map((child) => ({ name: child.name(), about: child.description() })),
    flags: help.visibleOptions(command).map(flagWords),
    words: command.registeredArguments[0]?.argChoices ?? [],
  };
  return [own, ...children.flatMap((child) => commandWords(child, [...path, child.name()]))];
}

function flagWords({ short, long, description, required, optional, argChoices }: Option): FlagWords {
  return {
    names: [short, long].filter((name) => name !== undefined),
    about: description,
    value: required || optional ? (argChoices ?? 'file') : 'none',
  };
}
