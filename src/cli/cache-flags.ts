import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { CacheOptions } from '../build/cache/cache-options.ts';
import { parseGoDuration } from '../dockerfile/go-duration.ts';
import { VarveError } from '../errors.ts';
import { createRecordSigner } from '../registry/record-signer.ts';
import { parseCacheFrom, parseCacheRepo, parseCacheTo } from './cache-places.ts';
import { repeated } from './repeated.ts';

/** Where records of steps are shared between machines. */
export interface CacheFlags {
  readonly cacheRepo: readonly string[];
  readonly cacheFrom: readonly string[];
  readonly cacheTo?: string;
  /** ms */
  readonly cacheTtl?: number;
  readonly pushCache: boolean;
  readonly cacheLeases?: boolean;
  readonly cacheKey?: string;
}

/** Adds the flags of {@link CacheFlags}. */
export function addCacheFlags(command: Command): Command {
  return command
    .option(
      '--cache-repo <repository>',
      'repository (or oci:DIR) to read records of steps from, and write them to the first one (repeatable)',
      repeated,
      [],
    )
    .option(
      '--cache-from <spec>',
      'type=registry,ref=REPOSITORY or type=local,src=DIR or REPOSITORY: read records from there (repeatable)',
      repeated,
      [],
    )
    .option('--cache-to <spec>', 'type=registry,ref=REPOSITORY or type=local,dest=DIR: write records there', once)
    .option('--cache-ttl <duration>', 'records older than this are not used, such as 336h', milliseconds)
    .option('--cache-leases', 'let no two machines that write to the same repository do a RUN at the same time')
    .option('--no-push-cache', 'write no records, and save no cache mounts')
    .option(
      '--cache-key <file>',
      'sign records with this key and use no others: a secret, or an Ed25519 or ECDSA key in PEM',
    );
}

/**
 * What the flags say; undefined without a cache. Reads the key.
 * @throws VarveError `USAGE`, `CACHE_KEY`, `REFERENCE_INVALID`
 */
export async function cacheOptions(flags: CacheFlags): Promise<CacheOptions | undefined> {
  const repositories = flags.cacheRepo.map((text) => parseCacheRepo(text));
  const to = flags.cacheTo === undefined ? undefined : parseCacheTo(flags.cacheTo);
  const sources = [...repositories, ...flags.cacheFrom.map(parseCacheFrom)];
  const place = to?.place ?? repositories[0];
  if (flags.cacheLeases && (place?.kind !== 'registry' || !flags.pushCache || to?.mode === 'min'))
    throw new VarveError('USAGE', '--cache-leases needs a repository that every step is written to', {
      hint: '--cache-repo REPOSITORY, or --cache-to type=registry,ref=REPOSITORY,mode=max',
      exitCode: 2,
    });
  if (!place && sources.length === 0 && flags.cacheKey === undefined && flags.cacheTtl === undefined) return undefined;
  // What is written is read too, as buildx's users do it by hand.
  const isRead = sources.some((source) => JSON.stringify(source) === JSON.stringify(to?.place));
  return {
    from: to && !isRead ? [to.place, ...sources] : sources,
    ...(place && flags.pushCache ? { to: { place, mode: to?.mode ?? 'max' } } : {}),
    ...(flags.cacheLeases ? { leases: true } : {}),
    ...(flags.cacheTtl === undefined ? {} : { ttlMs: flags.cacheTtl }),
    ...(flags.cacheKey === undefined ? {} : { signer: createRecordSigner(await readKey(flags.cacheKey)) }),
  };
}

async function readKey(path: string): Promise<Buffer> {
  try {
    return await readFile(resolve(path));
  } catch (error) {
    throw new VarveError(
      'CACHE_KEY',
      `--cache-key ${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'error'}`,
      { cause: error, exitCode: 2 },
    );
  }
}

function once(value: string, before: string | undefined): string {
  if (before === undefined) return value;
  throw new InvalidArgumentError('records are written to one place: give it once');
}

function milliseconds(value: string): number {
  let nanoseconds: number;
  try {
    nanoseconds = parseGoDuration(value);
  } catch (error) {
    throw new InvalidArgumentError((error as VarveError).message);
  }
  if (nanoseconds < 0) throw new InvalidArgumentError('it is not negative');
  return nanoseconds / 1e6;
}
