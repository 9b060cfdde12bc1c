import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VarveError } from '../../errors.ts';
import type { ReadyMount } from '../../instructions/execute-run.ts';
import type { RunMount, RunStep, SourceRef } from '../../instructions/step.ts';
import { fromText } from '../../io/byte-path.ts';
import type { Libc } from '../../io/libc.ts';
import type { FileSource } from '../../snapshot/file-source.ts';
import { bindMount } from './bind-mount.ts';
import { type CacheLease, type CacheMounts, cacheIdentity } from './cache-mounts.ts';
import type { Secrets } from './secrets.ts';
import type { SshAgents } from './ssh-agents.ts';

/** A step's mounts on disk; disposing gives back cache mounts and removes secrets. */
export interface ReadyMounts extends AsyncDisposable {
  readonly mounts: readonly ReadyMount[];
  /** `K=V` that secret and ssh mounts bring. */
  readonly env: readonly string[];
}

export interface MountFactory {
  prepare(step: RunStep, sources: ReadonlyMap<SourceRef, FileSource>, place: MountPlace): Promise<ReadyMounts>;
}

export interface MountPlace {
  /** An empty-enough directory of the step's own. */
  readonly directory: string;
  /** False where what is writable is moved into the rootfs, and so can be in one place only. */
  readonly canMount: boolean;
}

export interface MountFactoryDeps {
  readonly secrets: Secrets;
  readonly ssh: SshAgents;
  readonly caches: CacheMounts;
  readonly libc: Libc;
}

export function createMountFactory(deps: MountFactoryDeps): MountFactory {
  return {
    async prepare(step, sources, { directory, canMount }) {
      const cleanups: (() => Promise<void>)[] = [];
      const mounts: ReadyMount[] = [];
      const env: string[] = [];
      const dispose = async (): Promise<void> => {
        for (const cleanup of cleanups.reverse()) await cleanup();
      };
      try {
        const caches = await takeCaches(step.mounts, { sources, deps, cleanups, canMount });
        for (const [i, mount] of step.mounts.entries()) {
          const place = join(directory, `mount-${i}`);
          mkdirSync(place);
          const ready = await prepareMount(mount, {
            place,
            sources,
            deps,
            caches,
            cleanups,
            isPrivileged: step.security === 'insecure',
            canMount,
          });
          if (ready.mount) mounts.push(ready.mount);
          env.push(...(ready.env ?? []));
        }
      } catch (error) {
        await dispose();
        throw error instanceof VarveError ? error.at(step.location) : error;
      }
      return { mounts, env, [Symbol.asyncDispose]: dispose };
    },
  };
}

interface At {
  readonly place: string;
  readonly sources: ReadonlyMap<SourceRef, FileSource>;
  readonly deps: MountFactoryDeps;
  readonly caches: ReadonlyMap<RunMount, CacheLease>;
  readonly cleanups: (() => Promise<void>)[];
  readonly isPrivileged: boolean;
  readonly canMount: boolean;
}

interface Prepared {
  readonly mount?: ReadyMount;
  readonly env?: readonly string[];
}

async function prepareMount(mount: RunMount, at: At): Promise<Prepared> {
  switch (mount.type) {
    case 'bind':
      return { mount: await bindMount(mount, { ...at, source: at.sources.get(mount.from)!, libc: at.deps.libc }) };
    case 'cache':
      return { mount: cacheMount(mount, at) };
    case 'tmpfs':
      return {
        mount: {
          type: 'dir',
          mount: {
            type: 'tmpfs',
            target: fromText(mount.target),
            readonly: mount.readonly,
            ...(mount.sizeBytes === undefined ? {} : { sizeBytes: mount.sizeBytes }),
          },
        },
      };
    case 'secret':
      return secretMount(mount, at);
    case 'ssh':
      return sshMount(mount, at);
  }
}

/**
 * Takes every cache that the mounts want before any is used, in one order for all steps, so that two steps which lock
 * the same caches never wait for each other. The same cache twice in a step is taken once.
 */
async function takeCaches(
  mounts: readonly RunMount[],
  { sources, deps, cleanups, canMount }: Pick<At, 'sources' | 'deps' | 'cleanups' | 'canMount'>,
): Promise<Map<RunMount, CacheLease>> {
  const wanted = mounts.flatMap((mount) => {
    if (mount.type !== 'cache') return [];
    const seed = mount.from ? sources.get(mount.from) : undefined;
    const taken = !canMount && mount.sharing === 'shared' ? { ...mount, sharing: 'locked' as const } : mount;
    return [{ mount, taken, seed, identity: cacheIdentity(mount, seed) }];
  });
  const leases = new Map<string, CacheLease>();
  for (const { taken, seed, identity } of wanted.sort((a, b) => (a.identity < b.identity ? -1 : 1))) {
    if (leases.has(identity)) continue;
    const lease = await deps.caches.take(taken, identity, seed);
    cleanups.push(() => lease.release());
    leases.set(identity, lease);
  }
  return new Map(wanted.map(({ mount, identity }) => [mount, leases.get(identity)!]));
}

function cacheMount(mount: Extract<RunMount, { type: 'cache' }>, { caches }: At): ReadyMount {
  const { path } = caches.get(mount)!;
  return {
    type: 'dir',
    mount: { type: 'bind', source: path, target: fromText(mount.target), readonly: mount.readonly },
  };
}

async function secretMount(mount: Extract<RunMount, { type: 'secret' }>, { deps, cleanups }: At): Promise<Prepared> {
  const value = await deps.secrets.read(mount.id);
  if (value === undefined) {
    if (!mount.required) return { env: mount.env === undefined ? [] : [`${mount.env}=`] };
    throw new VarveError('SECRET_MISSING', `secret ${mount.id}: not found`, {
      hint: `give it with --secret id=${mount.id},src=FILE`,
    });
  }
  const env = mount.env === undefined ? [] : [`${mount.env}=${value.toString('utf8')}`];
  if (mount.target === undefined) return { env };
  const directory = await deps.secrets.makeDirectory();
  cleanups.push(() => directory.remove());
  const file = join(directory.path, 'secret');
  writeFileSync(file, value, { mode: 0o600 });
  chownSync(file, mount.uid, mount.gid);
  chmodSync(file, mount.mode);
  return {
    env,
    mount: { type: 'file', mount: { type: 'bind', source: file, target: fromText(mount.target), readonly: true } },
  };
}

async function sshMount(mount: Extract<RunMount, { type: 'ssh' }>, { place, deps, cleanups }: At): Promise<Prepared> {
  const agent = await deps.ssh.forward(mount.id, place);
  if (!agent) {
    if (!mount.required) return {};
    throw new VarveError('SSH_MISSING', `no SSH key "${mount.id}" was given`, {
      hint: `give it with --ssh ${mount.id}, --ssh ${mount.id}=SOCKET or --ssh ${mount.id}=KEY`,
    });
  }
  cleanups.push(() => agent.close());
  chownSync(agent.path, mount.uid, mount.gid);
  chmodSync(agent.path, mount.mode & 0o777);
  return {
    mount: {
      type: 'file',
      mount: { type: 'bind', source: agent.path, target: fromText(mount.target), readonly: false },
    },
  };
}
