import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { outputOf } from '../scripts/run-process.ts';
import type { Builder } from './builder.ts';

/** Pushes only what a build before it succeeded in making; one process to measure. */
const BUILD_AND_PUSH = '"$@" && exec buildah $STORAGE push --tls-verify=false "$NAME"';

/**
 * buildah with its layer cache on, and a storage of its own. Isolation is its OCI runtime for root, else chroot.
 * https://github.com/containers/buildah/blob/main/docs/buildah-build.1.md
 */
export function buildah(): Builder {
  const isRoot = userInfo().uid === 0;
  return {
    name: 'buildah',
    version: async () => (await outputOf(['buildah', '--version'])).trim(),
    build: ({ dockerfile, context, name, push, state, cache }) => {
      const temporary = join(state, 'tmp');
      mkdirSync(temporary, { recursive: true });
      const storage = [
        `--root=${join(state, 'root')}`,
        `--runroot=${join(state, 'run')}`,
        `--storage-driver=${isRoot ? 'overlay' : 'vfs'}`,
      ];
      const build = [
        'buildah',
        ...storage,
        'bud',
        '--layers',
        '--tls-verify=false',
        // runc, as varve takes it first; crun 1.8 refuses hybrid cgroups.
        ...(isRoot ? ['--isolation=oci', '--runtime=runc'] : ['--isolation=chroot']),
        ...(cache ? [`--cache-from=${cache.repository}`] : []),
        ...(cache?.write ? [`--cache-to=${cache.repository}`] : []),
        `--file=${dockerfile}`,
        `--tag=${name}`,
        context,
      ];
      return {
        argv: push ? ['sh', '-c', BUILD_AND_PUSH, 'sh', ...build] : build,
        // The paths of a temporary directory have no blanks.
        env: { TMPDIR: temporary, STORAGE: storage.join(' '), NAME: name },
      };
    },
  };
}
