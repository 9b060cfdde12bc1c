import type { Command, Option } from 'commander';
import * as z from 'zod';

/** A value of a flag, as YAML has it. */
export type ConfigValue =
  | string
  | number
  | boolean
  | readonly (string | number)[]
  | Readonly<Record<string, string | number>>;

/** Flags of a command by their long names without dashes. */
export type ConfigSection = Readonly<Record<string, ConfigValue>>;

/** What a configuration file may say of a command: each of its flags, and of the commands below it. */
export function sectionSchema(command: Command): z.ZodType {
  const help = command.createHelp();
  const children = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  if (children.length)
    return z.strictObject(Object.fromEntries(children.map((child) => [child.name(), sectionSchema(child).optional()])));
  const flags = configurable(command).map((option) => [nameOf(option), valueSchema(option).optional()] as const);
  return z.strictObject(Object.fromEntries(flags)).describe(command.description());
}

/** Flags that can be given by a file. */
export function configurable(command: Command): Option[] {
  return command.options.filter(({ hidden, long }) => !hidden && long !== undefined && long !== '--help');
}

/** `cache-repo` of `--cache-repo`. */
export function nameOf({ long, short }: Option): string {
  return (long ?? short ?? '').replace(/^-+/, '');
}

/** Whether a flag may come several times. */
export function isRepeatable({ defaultValue, variadic }: Option): boolean {
  return variadic || Array.isArray(defaultValue);
}

/** The words of the command line that say the same. */
export function wordsOf(option: Option, value: ConfigValue, command: Command): string[] {
  const name = nameOf(option);
  if (value === true) return [`--${name}`];
  if (value === false) {
    const opposite = `--no-${name}`;
    return command.options.some(({ long }) => long === opposite) ? [opposite] : [];
  }
  return textsOf(value).map((text) => `--${name}=${text}`);
}

function textsOf(value: Exclude<ConfigValue, boolean>): string[] {
  if (typeof value !== 'object') return [String(value)];
  if (Array.isArray(value)) return value.map(String);
  return Object.entries(value).map(([key, each]) => `${key}=${each}`);
}

function valueSchema(option: Option): z.ZodType {
  const { required, optional, argChoices, flags, description } = option;
  if (!required && !optional) return z.boolean('it is true or false').describe(description);
  const text = argChoices
    ? z.enum(argChoices, `it is one of ${argChoices.join(', ')}`)
    : z.union([z.string(), z.number()], 'it is a text or a number');
  const forms: z.ZodType[] = [text];
  if (optional) forms.push(z.boolean());
  if (isRepeatable(option)) {
    forms.push(z.array(text));
    if (flags.includes('=')) forms.push(z.record(z.string(), z.union([z.string(), z.number()])));
  }
  const schema =
    forms.length === 1
      ? text
      : z.union(
          forms as [z.ZodType, ...z.ZodType[]],
          `it is ${argChoices ? `of ${argChoices.join(', ')}` : 'a text'}${isRepeatable(option) ? ', or a list of such' : ''}`,
        );
  return schema.describe(description).superRefine((value, context) => check(option, value as ConfigValue, context));
}

/** What the flag's own reader says. */
function check(option: Option, value: ConfigValue, context: z.RefinementCtx): void {
  if (typeof value === 'boolean' || !option.parseArg) return;
  try {
    for (const text of textsOf(value)) option.parseArg(text, isRepeatable(option) ? [] : undefined);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
}
