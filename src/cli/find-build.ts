import type { BuildRecord } from '../build/explain/build-record.ts';
import { VarveError } from '../errors.ts';

/**
 * The build of this id, or whose id begins so; the last one when none is wanted.
 * @param builds newest first
 * @throws VarveError `BUILD_UNKNOWN`
 */
export function findBuild(wanted: string | undefined, builds: readonly BuildRecord[]): BuildRecord {
  const [last] = builds;
  if (!last)
    throw new VarveError('BUILD_UNKNOWN', 'the store knows of no build', { hint: '--store names another one' });
  if (wanted === undefined) return last;
  const found = builds.filter(({ id }) => id.startsWith(wanted));
  if (found.length === 1) return found[0]!;
  const problem = found.length ? `is how ${found.length} builds begin` : 'is no build that the store knows';
  throw new VarveError('BUILD_UNKNOWN', `${JSON.stringify(wanted)} ${problem}`, {
    hint: 'varve history ls lists them',
  });
}
