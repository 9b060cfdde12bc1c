import type { Command } from 'commander';
import type { CacheOptions } from '../build/cache/cache-options.ts';
import type { SavedMountsOptions } from '../build/mounts/saved/saved-mounts-options.ts';
import { VarveError } from '../errors.ts';
import { parseCacheRepo } from './cache-places.ts';
import { byteSize } from './layer-options.ts';

/** Where cache mounts are shared between machines. */
export interface CacheMountFlags {
  readonly cacheMounts?: string;
  readonly cacheMountsBranch?: string;
  readonly cacheMountsDefaultBranch?: string;
  readonly cacheMountsLimit?: number;
}

const DEFAULT_BRANCH = 'main';
const DEFAULT_LIMIT_BYTES = 10 * 2 ** 30;

/** Adds the flags of {@link CacheMountFlags}. */
export function addCacheMountFlags(command: Command): Command {
  return command
    .option(
      '--cache-mounts <repository>',
      'repository (or oci:DIR) to restore cache mounts from that the store has not, and to save them to after the build',
    )
    .option('--cache-mounts-branch <name>', 'what they are saved under (default: the default branch)')
    .option(
      '--cache-mounts-default-branch <name>',
      `what is restored where the branch has nothing (default: ${DEFAULT_BRANCH})`,
    )
    .option(
      '--cache-mounts-limit <size>',
      'the most that the files of one cache mount come to, such as 2g; one that has more begins anew (default: 10g)',
      byteSize,
    );
}

/**
 * What the flags say; undefined without a place.
 * @throws VarveError `USAGE`, `REFERENCE_INVALID`
 */
export function savedMountsOptions(
  flags: CacheMountFlags & { readonly pushCache: boolean },
  cache: Pick<CacheOptions, 'signer' | 'ttlMs'> | undefined,
): SavedMountsOptions | undefined {
  const { cacheMounts, cacheMountsBranch, cacheMountsDefaultBranch, cacheMountsLimit } = flags;
  if (cacheMounts === undefined) {
    const given = Object.entries({
      '--cache-mounts-branch': cacheMountsBranch,
      '--cache-mounts-default-branch': cacheMountsDefaultBranch,
      '--cache-mounts-limit': cacheMountsLimit,
    }).find(([, value]) => value !== undefined);
    if (!given) return undefined;
    throw new VarveError('USAGE', `${given[0]} is for --cache-mounts`, {
      hint: '--cache-mounts REPOSITORY says where cache mounts are saved',
      exitCode: 2,
    });
  }
  const defaultBranch = cacheMountsDefaultBranch ?? DEFAULT_BRANCH;
  return {
    place: parseCacheRepo(cacheMounts, '--cache-mounts'),
    branch: cacheMountsBranch ?? defaultBranch,
    defaultBranch,
    isWritten: flags.pushCache,
    limitBytes: cacheMountsLimit ?? DEFAULT_LIMIT_BYTES,
    ...(cache?.ttlMs === undefined ? {} : { ttlMs: cache.ttlMs }),
    ...(cache?.signer ? { signer: cache.signer } : {}),
  };
}
