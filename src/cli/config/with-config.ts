import type { Command } from 'commander';
import { configFiles } from './config-files.ts';

/**
 * The command line with what configuration files say of the command before its own words.
 * @param argv node, script, command, …
 * @param names the program's commands
 * @throws VarveError for a file that is wrong
 */
export async function withConfig(
  argv: readonly string[],
  {
    program,
    names,
    env,
  }: { readonly program: Command; readonly names: readonly string[]; readonly env: NodeJS.ProcessEnv },
): Promise<string[]> {
  const path: string[] = [];
  let command = program;
  for (const word of argv.slice(2)) {
    const child = command.commands.find((each) => each.name() === word);
    if (!child) break;
    command = child;
    path.push(word);
  }
  if (path.length === 0 || command.commands.length || path[0] === 'config') return [...argv];
  const files = configFiles(env);
  if (files.length === 0) return [...argv];
  const { configWords, settingsOf } = await import('./apply-config.ts');
  const given = argv.slice(2 + path.length);
  const words = configWords(settingsOf(command, path, { files, names }), command, { given, env });
  return [...argv.slice(0, 2 + path.length), ...words, ...given];
}
