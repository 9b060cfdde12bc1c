import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readMounts } from '../../../io/mountinfo.ts';
import type { BenchBuilder, MeasuredBuild } from './bench-builder.ts';
import { buildahSteps } from './buildah-steps.ts';
import { cacheRepository } from './cache-place.ts';
import { diskUsage } from './disk-usage.ts';
import { runLogged } from './run-logged.ts';

const run = promisify(execFile);

export interface BuildahSettings {
  /** The program. */
  readonly buildah: string;
  /** More arguments of every build. */
  readonly args: readonly string[];
  /** For the mode `ci`, which has no other cache: buildah's are in registries. */
  readonly cacheRepo: string | undefined;
  readonly isRoot: boolean;
  readonly signal: AbortSignal;
}

/**
 * `buildah build` with a storage of the benchmark's own. Layers are cached in `warm` (`--layers`) and in `ci`, where the storage is
 * empty and the cache is in a repository (`--cache-from`, `--cache-to`); in `cold` none are (`--layers=false`).
 * @see https://github.com/containers/buildah/blob/main/docs/buildah-build.1.md
 */
export function buildahBuilder({ buildah, args, cacheRepo, isRoot, signal }: BuildahSettings): BenchBuilder {
  return {
    name: 'buildah',
    async forget(place) {
      const storage = join(place, 'storage');
      await detach(join(storage, 'root'), isRoot);
      if (isRoot) rmSync(storage, { recursive: true, force: true });
      // Its files belong to ids that only its user namespace has.
      else await run(buildah, ['unshare', 'rm', '-rf', storage]);
    },
    async build(build) {
      const [root, temporary] = [join(build.place, 'storage/root'), join(build.place, 'storage/tmp')];
      mkdirSync(temporary, { recursive: true });
      const before = diskUsage(root);
      const storage = [`--root=${root}`, `--runroot=${join(build.place, 'storage/run')}`];
      const ran = await runLogged(
        [
          ...([buildah, 'build', ...storage] as [string, ...string[]]),
          ...cacheFlags(build, cacheRepo),
          ...(build.file === undefined ? [] : [`--file=${build.file}`]),
          ...args,
          ...build.args,
          build.context,
        ],
        build.log,
        signal,
        { TMPDIR: temporary },
      ).finally(() => detach(root, isRoot));
      const steps = buildahSteps(readFileSync(build.log, 'utf8'));
      const missed = steps.filter(({ isHit }) => !isHit);
      return {
        ...ran,
        hits: steps.length - missed.length,
        misses: missed.length,
        reasons: {},
        diskBytes: diskUsage(root) - before,
        missed: missed.map(({ stage, title }) => ({ stage, title, reasons: [], spentMs: 0 })),
      };
    },
  };
}

function cacheFlags({ place, mode }: MeasuredBuild, cacheRepo: string | undefined): string[] {
  if (mode !== 'ci') return [`--layers=${mode === 'warm'}`];
  const repository = cacheRepository(cacheRepo!, place);
  return ['--layers', `--cache-from=${repository}`, `--cache-to=${repository}`];
}

/**
 * As root buildah leaves its overlay directory mounted on itself, and its containers' roots too when it is killed: what is mounted
 * cannot be removed.
 */
async function detach(root: string, isRoot: boolean): Promise<void> {
  if (!isRoot) return;
  // Deepest first: later mounts lie on top of earlier ones.
  const points = readMounts().flatMap(({ point }) => (point.startsWith(`${root}/`) ? point : []));
  for (const point of points.reverse()) await run('umount', [point]).catch(() => undefined);
}
