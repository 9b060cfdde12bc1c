import { VarveError } from '../../errors.ts';

const REFERENCE = /\$(?:\$|\{([A-Za-z_]\w*)(?:(:?[-?+])((?:[^{}]|\$\{[^{}]*\})*))?\}|([A-Za-z_]\w*)|)/g;

/**
 * A compose file's `$NAME`, `${NAME}`, `${NAME:-default}`, `:?` and `:+`; `$$` is a dollar.
 * https://docs.docker.com/reference/compose-file/interpolation/
 *
 * @throws VarveError `BAKE_VALUE` for one that is required and not set
 */
export function interpolate(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replace(REFERENCE, (whole, braced?: string, operator?: string, word?: string, plain?: string) => {
    if (whole === '$$') return '$';
    const name = braced ?? plain;
    if (name === undefined) throw new VarveError('BAKE_VALUE', `invalid interpolation in ${JSON.stringify(text)}`);
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (operator === undefined) return value ?? '';
    const isSet = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
    const other = (): string => interpolate(word ?? '', environment);
    if (operator.endsWith('-')) return isSet ? value! : other();
    if (operator.endsWith('+')) return isSet ? other() : '';
    if (isSet) return value!;
    throw new VarveError('BAKE_VALUE', `required variable ${name} is missing a value: ${other()}`);
  });
}

/** The lines `NAME=VALUE` of a `.env` file. */
export function parseDotEnv(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const found: Record<string, string> = {};
  const line = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*[=:][ \t]*(?:'([^']*)'|"((?:[^"\\]|\\.)*)"|([^\n]*))/gm;
  for (const [, name = '', single, double, plain] of text.matchAll(line)) {
    const bare = plain?.replace(/(^|[ \t]+)#.*$/, '').trim();
    const escaped = double?.replace(
      /\\([nrt"\\$])/g,
      (_, char: string) => ({ n: '\n', r: '\r', t: '\t' })[char] ?? char,
    );
    found[name] = single ?? interpolate(escaped ?? bare ?? '', { ...found, ...before });
  }
  return found;
}
