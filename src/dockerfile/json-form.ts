import { syntaxError } from './syntax-error.ts';
import { trimSpaceLeft } from './white-space.ts';

/**
 * The exec form: a JSON array of strings.
 *
 * @returns undefined when the text is no JSON array: then it is the shell form, as Docker has it
 * @throws VarveError DOCKERFILE_SYNTAX for an array of anything else
 */
export function parseJsonForm(text: string): string[] | undefined {
  const source = trimSpaceLeft(text);
  if (!source.startsWith('[')) return undefined;
  let values: unknown;
  try {
    values = JSON.parse(source);
  } catch {
    return undefined;
  }
  if (!Array.isArray(values)) return undefined;
  return values.map((value: unknown) => {
    if (typeof value === 'string') return value.toWellFormed();
    throw syntaxError(
      'when using JSON array syntax, arrays must be comprised of strings only',
      undefined,
      `put ${JSON.stringify(value)} in quotes`,
    );
  });
}
