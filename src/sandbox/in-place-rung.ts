import { VarveError } from '../errors.ts';
import { loadLibc } from '../io/libc.ts';
import { readMounts } from '../io/mountinfo.ts';
import { checkSpec } from './check-spec.ts';
import type { RungDeps } from './namespaces-rung.ts';
import { type PlacedMounts, placeMounts } from './place-mounts.ts';
import { type NodeCommand, runByKeeper } from './run-by-keeper.ts';
import type { RunSpec, Sandbox } from './sandbox.ts';
import { refuseNamespaced, unenforced } from './unenforced.ts';

/**
 * The rung that runs in the root of varve's own container: the image's files are there already (the rootfs is `/`). What
 * a mount would show is put there, as on the rung chroot; what the container has mounted itself (/proc, /dev, resolv.conf) stays.
 */
export function inPlaceSandbox(deps: RungDeps & { readonly ownNode: () => NodeCommand }): Sandbox {
  const libc = loadLibc();
  const places = new WeakSet<RunSpec>();
  const place = (spec: RunSpec): PlacedMounts =>
    placeMounts(spec, '/', { libc, ownMounts: readMounts().map(({ point }) => point) });

  return {
    rung: 'in-place',
    rootfs: ['plain'],
    // There is one root: RUNs take it one after another.
    sharesProcesses: false,
    place(spec) {
      refuseNamespaced(spec, 'in-place');
      const placed = place(spec);
      places.add(spec);
      return {
        warnings: unenforced(spec, 'in-place'),
        asides: placed.asides,
        verify: () => placed.verify(),
        [Symbol.dispose]: () => {
          places.delete(spec);
          placed[Symbol.dispose]();
        },
      };
    },
    async run(spec, io) {
      checkSpec(spec, deps.facts);
      refuseNamespaced(spec, 'in-place');
      if (!('directory' in spec.rootfs) || spec.rootfs.directory !== '/')
        throw new VarveError('SANDBOX_SETUP', 'the rung in-place runs on the root directory only');
      using _placed = places.has(spec) ? undefined : place(spec);
      return runByKeeper(spec, io, { rung: 'in-place', node: deps.ownNode(), facts: deps.facts });
    },
  };
}
