import { VarveError } from '../../errors.ts';
import type { FlagRow } from './flag-row.ts';
import type { ParsedFlags } from './parse-flags.ts';

const YES_OR_NO = /^(true|false)$/i;

/** @throws VarveError `USAGE` for words that belong to no flag */
export function refuseWords({ words }: ParsedFlags, command: string): void {
  const [word] = words;
  if (word === undefined) return;
  throw new VarveError('USAGE', `unknown command ${JSON.stringify(word)} for ${JSON.stringify(command)}`, {
    hint: YES_OR_NO.test(word)
      ? `a flag of yes and no is written with =, such as --cache=${word}`
      : 'the sub-commands of executor are login, push, version and warmer, and come first',
    exitCode: 2,
  });
}

/** @throws VarveError `UNSUPPORTED` for a flag that is refused, with what to use */
export function refuseFlags({ given }: ParsedFlags, rows: readonly FlagRow[]): void {
  // What is switched off asks for nothing.
  for (const { name, type, meaning, says } of rows)
    if (meaning === 'refused' && given.has(name) && !(type === 'bool' && given.get(name)?.at(-1) === 'false'))
      throw new VarveError('UNSUPPORTED', `--${name} is not supported`, { hint: says, exitCode: 2 });
}
