import { Argument, Command } from 'commander';
import { bashCompletion } from '../completion/bash-completion.ts';
import { type CommandWords, commandWords } from '../completion/command-words.ts';
import { fishCompletion } from '../completion/fish-completion.ts';
import { zshCompletion } from '../completion/zsh-completion.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } satisfies Record<
  string,
  (commands: readonly CommandWords[]) => string
>;

/** `varve completion`. @param all gives the whole program */
export function completionCommand(all: () => Promise<Command>): Command {
  return new Command('completion')
    .description('Print what a shell needs to complete varve: source <(varve completion bash)')
    .addArgument(new Argument('<shell>', 'which one').choices(Object.keys(SHELLS)))
    .action(async (shell: keyof typeof SHELLS) => {
      process.stdout.write(SHELLS[shell](commandWords(await all())));
    });
}
