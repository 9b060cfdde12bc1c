import { VarveError } from '../../errors.ts';
import { parseReference } from '../../oci/reference.ts';
import type { FlagRow } from './flag-row.ts';
import type { ParsedFlags } from './parse-flags.ts';

/** The values of flags by their names, with the defaults of the table. */
export interface FlagValues {
  /** The last value; undefined for a flag that was not given and has no default. */
  text(name: string): string | undefined;
  bool(name: string): boolean;
  list(name: string): readonly string[];
}

export function flagValues({ given }: ParsedFlags, rows: readonly FlagRow[]): FlagValues {
  const text = (name: string): string | undefined =>
    given.get(name)?.at(-1) ?? rows.find((row) => row.name === name)?.default;
  return { text, bool: (name) => text(name) === 'true', list: (name) => given.get(name) ?? [] };
}

/** The flags of varve that those of kaniko become one by one, as their rows say it. */
export function sameFlags({ given }: ParsedFlags, rows: readonly FlagRow[]): string[] {
  return rows.flatMap(({ name, type, to }) => {
    const values = to === undefined ? undefined : given.get(name);
    if (!values || to === undefined) return [];
    if (type === 'bool') return values.at(-1) === 'true' ? [to] : [];
    const repeated = type === 'multi' || type === 'pairs' || type === 'list';
    return (repeated ? values : values.slice(-1)).filter((value) => value !== '').map((value) => `${to}=${value}`);
  });
}

/** Flags that kaniko takes for a cache, as those of `varve build`. */
export function cacheFlags(values: FlagValues): string[] {
  if (!values.bool('cache') || !values.bool('cache-run-layers')) return ['--no-cache'];
  const repository = values.text('cache-repo') ?? cacheRepository(values.list('destination')[0]);
  if (repository === undefined)
    throw usage(
      'if using cache with --no-push, specify cache repo with --cache-repo',
      '--cache-repo oci:DIR needs no registry',
    );
  return [
    `--cache-repo=${repository}`,
    `--cache-ttl=${values.text('cache-ttl')}`,
    ...(values.bool('no-push-cache') ? ['--no-push-cache'] : []),
  ];
}

/** The first destination's repository, with `/cache`. */
function cacheRepository(destination: string | undefined): string | undefined {
  if (destination === undefined) return undefined;
  const { registry, repository } = parseReference(destination);
  return `${registry}/${repository}/cache`;
}

/**
 * What kaniko refuses together.
 * @throws VarveError `USAGE`
 */
export function checkTogether(values: FlagValues): void {
  const destinations = values.list('destination');
  if (!values.bool('no-push') && destinations.length === 0)
    throw usage('you must provide --destination, or use --no-push');
  for (const name of ['tar-path', 'image-name-with-digest-file', 'image-name-tag-with-digest-file'])
    if (values.text(name) !== undefined && destinations.length === 0)
      throw usage(`you must provide --destination when --${name} is given`);
  for (const text of destinations) {
    try {
      parseReference(text);
    } catch (error) {
      throw usage(`--destination ${text}: ${(error as Error).message}`);
    }
  }
  const [format, compression] = [values.text('image-format'), values.text('compression')];
  if (compression !== 'gzip' && compression !== 'zstd') throw usage(`--compression ${compression}: it is gzip or zstd`);
  if (format !== undefined && format !== 'docker' && format !== 'oci')
    throw usage(`--image-format ${format}: it is docker or oci`);
  if (compression === 'zstd' && format === 'docker')
    throw usage('--compression=zstd and --image-format=docker exclude each other', 'use --image-format=oci');
  if (values.text('tar-path') !== undefined && (format === 'oci' || compression === 'zstd'))
    throw usage(
      '--tar-path writes an archive for docker load, which has docker’s types and gzip',
      'use --oci-layout-path',
    );
}

function usage(message: string, hint?: string): VarveError {
  return new VarveError('USAGE', message, { exitCode: 2, ...(hint === undefined ? {} : { hint }) });
}
