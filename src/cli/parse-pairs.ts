import type { SecretValue } from '../build/mounts/secrets.ts';
import { VarveError } from '../errors.ts';

/**
 * `KEY=VALUE` flags as a map; later ones win. A KEY alone takes its value from `environment`, and is left out when that
 * has none.
 * @throws VarveError `USAGE` for an empty key
 */
export function parsePairs(
  flag: string,
  texts: readonly string[],
  environment: (name: string) => string | undefined,
): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const key = equals < 0 ? text : text.slice(0, equals);
    if (key === '') throw new VarveError('USAGE', `${flag} ${text}: the name is missing`, { exitCode: 2 });
    const value = equals < 0 ? environment(key) : text.slice(equals + 1);
    // process.env has what every object has: constructor is no text.
    if (typeof value === 'string') pairs.set(key, value);
  }
  return pairs;
}

/**
 * `id=ID[,src=FILE][,env=NAME][,type=file|env]`; without a source, the environment variable called ID, else the file.
 * @throws VarveError `USAGE`
 */
export function parseSecret(
  text: string,
  environment: (name: string) => string | undefined,
): [id: string, value: SecretValue] {
  const values = new Map<string, string>();
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    const key = field.slice(0, Math.max(equals, 0));
    if (!['id', 'src', 'source', 'env', 'type'].includes(key))
      throw usage(text, `${JSON.stringify(field)} is not id=, src=, env= or type=`);
    values.set(key === 'source' ? 'src' : key, field.slice(equals + 1));
  }
  const id = values.get('id');
  if (!id) throw usage(text, 'id= is missing');
  const type = values.get('type');
  if (type !== undefined && type !== 'file' && type !== 'env') throw usage(text, 'type is file or env');
  const file = values.get('src');
  const name = values.get('env') ?? (type === 'env' ? (file ?? id) : undefined);
  if (name !== undefined) {
    const value = environment(name);
    if (typeof value !== 'string') throw usage(text, `the environment has no ${name}`);
    return [id, { value }];
  }
  const byId = file === undefined && type === undefined ? environment(id) : undefined;
  return [id, typeof byId !== 'string' ? { file: file ?? id } : { value: byId }];
}

function usage(text: string, why: string): VarveError {
  return new VarveError('USAGE', `--secret ${text.replace(/(src|source)=.*/, '$1=…')}: ${why}`, {
    hint: '--secret id=ID,src=FILE or id=ID,env=NAME',
    exitCode: 2,
  });
}
