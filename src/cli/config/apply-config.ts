import type { Command, Option } from 'commander';
import * as z from 'zod';
import { parseYaml } from '../parse-yaml.ts';
import type { ConfigFile } from './config-files.ts';
import {
  type ConfigSection,
  type ConfigValue,
  configurable,
  isRepeatable,
  nameOf,
  sectionSchema,
  wordsOf,
} from './config-schema.ts';
import { refusedInProject } from './project-flags.ts';

/** A flag that a file sets. */
export interface Setting {
  readonly option: Option;
  readonly value: ConfigValue;
  readonly file: string;
}

/**
 * Reads what the files say of one command; of the others only that they are commands.
 * @param path the command's words below the program, as `['store', 'prune']`
 * @param names the program's commands
 * @returns the weakest first
 * @throws VarveError at the line of the file
 */
export function settingsOf(
  command: Command,
  path: readonly string[],
  { files, names }: { readonly files: readonly ConfigFile[]; readonly names: readonly string[] },
): Setting[] {
  const root = path.length > 1 ? command.parent! : command;
  const known = names.map((name) => [name, (name === path[0] ? sectionSchema(root) : z.unknown()).optional()] as const);
  const schema = z.strictObject(Object.fromEntries(known));
  const sectionOf = (content: unknown): ConfigSection =>
    (path.reduce((part, word) => (part as Record<string, unknown> | undefined)?.[word], content) ??
      {}) as ConfigSection;
  const projectSchema = schema.superRefine((content, context) => {
    const refused = refusedInProject(sectionOf(content));
    if (refused) context.addIssue({ code: 'custom', path: [...path, refused.flag], message: refused.why });
  });
  return files.flatMap((file) => {
    const flags = sectionOf(parseYaml<unknown>(file.text, file.path, file.isProject ? projectSchema : schema));
    return configurable(command).flatMap((option): Setting[] => {
      const value = flags[nameOf(option)];
      return value === undefined ? [] : [{ option, value, file: file.path }];
    });
  });
}

/**
 * The words that say what files set, to be put before the ones of the command line. A flag that the command line or its
 * environment variable gives replaces the files'; repeatable ones add up.
 * @param given the command line after the command
 */
export function configWords(
  settings: readonly Setting[],
  command: Command,
  { given, env }: { readonly given: readonly string[]; readonly env: NodeJS.ProcessEnv },
): string[] {
  const end = given.indexOf('--');
  const flags = end < 0 ? given : given.slice(0, end);
  const last = new Map<string, Setting>();
  const words: string[] = [];
  for (const setting of settings) {
    const { option, value } = setting;
    if (isRepeatable(option)) words.push(...wordsOf(option, value, command));
    else last.set(option.attributeName(), setting);
  }
  for (const { option, value } of last.values()) {
    const isInEnvironment = option.envVar !== undefined && env[option.envVar] !== undefined;
    if (!isInEnvironment && !isGiven(option, flags)) words.push(...wordsOf(option, value, command));
  }
  return words;
}

/** Whether the words have the flag or its opposite. */
function isGiven(option: Option, words: readonly string[]): boolean {
  const name = nameOf(option).replace(/^no-/, '');
  return words.some((word) => {
    const [flag = ''] = word.split('=', 1);
    if (flag === `--${name}` || flag === `--no-${name}`) return true;
    return option.short !== undefined && /^-[^-]/.test(word) && word.startsWith(option.short);
  });
}
