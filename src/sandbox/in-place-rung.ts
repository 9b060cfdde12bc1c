import { lstatSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { VarveError } from '../errors.ts';
import { type BytePath, fromText, toFsPath, toText } from '../io/byte-path.ts';
import { loadLibc } from '../io/libc.ts';
import { checkSpec } from './check-spec.ts';
import { mountPoints } from './mount-points.ts';
import type { RungDeps } from './namespaces-rung.ts';
import { isPlainDirectory, resolveInRoot } from './resolve-in-root.ts';
import { type NodeCommand, runByKeeper } from './run-by-keeper.ts';
import type { RunSpec, Sandbox } from './sandbox.ts';
import { refuseNamespaced, unenforced } from './unenforced.ts';

/** What was put at a mount's target, and where what was there is meanwhile. */
interface Placed {
  readonly target: BytePath;
  readonly aside: BytePath | undefined;
}

/**
 * The rung that runs in the root of varve's own container: the image's files are there already (the rootfs is `/`). A
 * mount is a symlink to its source; what the container has mounted itself (/proc, /dev, resolv.conf) stays.
 */
export function inPlaceSandbox(deps: RungDeps & { readonly ownNode: () => NodeCommand }): Sandbox {
  const libc = loadLibc();
  const places = new WeakSet<RunSpec>();

  const place = (spec: RunSpec): Disposable & { readonly asides: readonly BytePath[] } => {
    const placed: Placed[] = [];
    const mounted = mountPoints();
    const remove = (): void => {
      for (const { target, aside } of placed.splice(0).reverse()) {
        if (!isPlainDirectory('', parentOf(target))) continue;
        keepingTime(parentOf(target), () => {
          rmSync(toFsPath(target), { recursive: true, force: true });
          if (aside !== undefined) renameSync(toFsPath(aside), toFsPath(target));
        });
      }
    };
    try {
      for (const mount of spec.mounts) {
        const target = resolveInRoot('', mount.target);
        const isKept = mounted.some((point) => target === point || target.startsWith(`${point}/`));
        if (isKept && CONTAINERS_OWN.includes(target)) continue;
        if (mount.type === 'overlay') throw cannotMount(mount.target, 'needs an overlay');
        mkdirSync(toFsPath(parentOf(target) || '/'), { recursive: true });
        keepingTime(parentOf(target), () => {
          let aside: BytePath | undefined;
          if (lstatSync(toFsPath(target), { throwIfNoEntry: false })) {
            aside = `${parentOf(target)}/.varve-aside-${placed.length}`;
            renameSync(toFsPath(target), toFsPath(aside));
          }
          placed.push({ target, aside });
          if (mount.type === 'bind') symlinkSync(toFsPath(fromText(mount.source)), toFsPath(target));
          else mkdirSync(toFsPath(target), { mode: mount.mode ?? 0o1777 });
        });
      }
    } catch (error) {
      remove();
      throw error;
    }
    const asides = placed.flatMap(({ aside }) => aside ?? []);
    return { asides, [Symbol.dispose]: remove };
  };
  const keepingTime = (directory: BytePath, work: () => void): void => {
    const at = directory === '' ? '/' : directory;
    const { mtimeNs } = lstatSync(toFsPath(at), { bigint: true });
    work();
    libc.setTime(at, mtimeNs);
  };

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
        // A link, wherever it goes, shows nothing once its source is gone.
        verify: () => {},
        [Symbol.dispose]: () => placed[Symbol.dispose](),
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

/** Given to a RUN by varve elsewhere, and by the runtime to the container. */
const CONTAINERS_OWN: readonly BytePath[] = ['/etc/resolv.conf', '/etc/hosts'];

function cannotMount(target: BytePath, why: string): VarveError {
  return new VarveError('SANDBOX_MOUNT', `the mount on ${toText(target)} ${why}, and nothing can be mounted here`);
}

function parentOf(path: BytePath): BytePath {
  return path.slice(0, path.lastIndexOf('/'));
}
