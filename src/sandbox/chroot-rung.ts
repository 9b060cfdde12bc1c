import { realpathSync } from 'node:fs';
import { VarveError } from '../errors.ts';
import { loadLibc } from '../io/libc.ts';
import { loadProcessCalls } from './become.ts';
import { checkSpec } from './check-spec.ts';
import { endOrphans } from './end-orphans.ts';
import type { RungDeps } from './namespaces-rung.ts';
import { type PlacedMounts, placeMounts } from './place-mounts.ts';
import { runByKeeper } from './run-by-keeper.ts';
import type { PlainRootfs, RunSpec, Sandbox } from './sandbox.ts';
import { refuseNamespaced, unenforced } from './unenforced.ts';

/**
 * With it root leaves a chroot, and may look into the memory of a varve that has no more than the command has
 * (ptrace(2)).
 */
const REFUSED = ['SYS_CHROOT'];

/**
 * The rung for where chroot(2) is all that the kernel allows: the RUN has a root, a user and capabilities of its own, and
 * shares everything else with varve. No mounts, so no /proc. docs/isolation.md has the whole picture.
 */
export function chrootSandbox(deps: RungDeps): Sandbox {
  const libc = loadLibc();
  const calls = loadProcessCalls();
  const keepers = new Set<number>();
  const placed = new WeakMap<RunSpec, PlacedMounts>();
  const place = (spec: RunSpec): PlacedMounts => placeMounts(spec, plainRootfs(spec).directory, { libc });
  return {
    rung: 'chroot',
    rootfs: ['plain'],
    sharesProcesses: true,
    place(spec) {
      refuseNamespaced(spec, 'chroot');
      const mounts = place(spec);
      placed.set(spec, mounts);
      return {
        warnings: unenforced(spec, 'chroot'),
        asides: [],
        verify: () => mounts.verify(),
        [Symbol.dispose]: () => {
          placed.delete(spec);
          mounts[Symbol.dispose]();
        },
      };
    },
    async run(spec, io) {
      checkSpec(spec, deps.facts);
      refuseNamespaced(spec, 'chroot');
      const before = placed.get(spec);
      const mounts = before ?? place(spec);
      try {
        const how = { rung: 'chroot', node: [deps.node], facts: deps.facts, refused: REFUSED, keepers } as const;
        const root = realpathSync(plainRootfs(spec).directory);
        calls.becomeSubreaper();
        try {
          return { ...(await runByKeeper(spec, io, { ...how, root })), lacks: lacking(mounts.missingDevices) };
        } finally {
          await endOrphans(root, keepers, calls);
        }
      } finally {
        if (!before) mounts[Symbol.dispose]();
      }
    },
  };
}

function plainRootfs({ rootfs }: RunSpec): PlainRootfs {
  if ('directory' in rootfs) return rootfs;
  throw new VarveError('SANDBOX_SETUP', 'the rung chroot cannot run on an overlay');
}

function lacking(devices: readonly string[]): string {
  const missing = devices.filter((name) => name !== 'null').map((name) => `/dev/${name}`);
  const list = ['/proc', '/sys', '/dev/pts', '/dev/fd', ...missing].join(', ');
  const nothing = devices.includes('null') ? ', and /dev/null is an ordinary file' : '';
  return `on the rung chroot there is no ${list}${nothing}`;
}
