import { VarveError } from '../errors.ts';

/** Where a finished image goes. */
export type Output =
  | { readonly type: 'registry'; readonly names: readonly string[] }
  | { readonly type: 'oci'; readonly dest: string; readonly archive: boolean }
  | { readonly type: 'docker'; readonly dest: string }
  /** The root filesystem; `-` is standard output. */
  | { readonly type: 'tar'; readonly dest: string }
  | { readonly type: 'local'; readonly dest: string };

const KEYS: Readonly<Record<string, readonly string[]>> = {
  oci: ['dest', 'tar'],
  docker: ['dest'],
  tar: ['dest'],
  local: ['dest'],
  registry: ['name'],
  image: ['name', 'push'],
};

/**
 * Reads an --output: `type=TYPE,key=value…`, or a path for type=local, or `-` for a tar on standard output.
 * @throws VarveError `USAGE` for what is not known
 */
export function parseOutput(text: string): Output {
  if (!text.includes('=')) return text === '-' ? { type: 'tar', dest: '-' } : { type: 'local', dest: text };
  const values = new Map<string, string>();
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    if (equals <= 0) throw usage(text, `${JSON.stringify(field)} is not key=value`);
    values.set(field.slice(0, equals).trim(), field.slice(equals + 1));
  }
  const type = values.get('type') ?? '';
  const keys = KEYS[type];
  if (!keys) throw usage(text, `the types are ${Object.keys(KEYS).join(', ')}`);
  for (const key of values.keys()) {
    if (key !== 'type' && !keys.includes(key))
      throw usage(text, `${JSON.stringify(key)} is not supported for type=${type}`);
  }
  if (type === 'registry' || type === 'image') return registryOutput(text, type, values);
  const dest = values.get('dest');
  if (!dest) throw usage(text, `type=${type} needs dest=PATH`);
  switch (type) {
    case 'oci': {
      const tar = values.get('tar');
      if (tar !== undefined && tar !== 'true' && tar !== 'false') throw usage(text, 'tar is true or false');
      return { type, dest, archive: tar === undefined ? dest.endsWith('.tar') : tar === 'true' };
    }
    case 'docker':
    case 'tar':
      return { type, dest };
    default:
      return { type: 'local', dest };
  }
}

function registryOutput(text: string, type: string, values: ReadonlyMap<string, string>): Output {
  const push = values.get('push') ?? String(type === 'registry');
  if (push !== 'true')
    throw usage(text, 'type=image without push=true keeps nothing; use --tag alone to keep the image in the store');
  const name = values.get('name');
  return { type: 'registry', names: name === undefined ? [] : [name] };
}

function usage(text: string, why: string): VarveError {
  return new VarveError('USAGE', `--output ${text}: ${why}`, {
    hint: 'for example --output type=oci,dest=image.tar or --output type=local,dest=out',
    exitCode: 2,
  });
}
