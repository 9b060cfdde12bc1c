import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VarveError } from '../errors.ts';
import type { ReadyMount } from '../instructions/execute-run.ts';
import type { RunMount, RunStep, SourceRef } from '../instructions/step.ts';
import { fromText } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import type { FileSource } from '../snapshot/file-source.ts';
import type { CacheMounts } from './cache-mounts.ts';
import { materialize } from './materialize.ts';
import type { Secrets } from './secrets.ts';
import type { SshAgents } from './ssh-agents.ts';

/** A step's mounts on disk; disposing gives back cache mounts and removes secrets. */
export interface ReadyMounts extends AsyncDisposable {
  readonly mounts: readonly ReadyMount[];
  /** `K=V` that secret and ssh mounts bring. */
  readonly env: readonly string[];
}

export interface MountFactory {
  /** @param directory an empty-enough directory of the step's own */
  prepare(step: RunStep, sources: ReadonlyMap<SourceRef, FileSource>, directory: string): Promise<ReadyMounts>;
}

export interface MountFactoryDeps {
  readonly secrets: Secrets;
  readonly ssh: SshAgents;
  readonly caches: CacheMounts;
  readonly libc: Libc;
}

export function createMountFactory(deps: MountFactoryDeps): MountFactory {
  return {
    async prepare(step, sources, directory) {
      const cleanups: (() => Promise<void>)[] = [];
      const mounts: ReadyMount[] = [];
      const env: string[] = [];
      const dispose = async (): Promise<void> => {
        for (const cleanup of cleanups.reverse()) await cleanup();
      };
      try {
        for (const [i, mount] of step.mounts.entries()) {
          const place = join(directory, `mount-${i}`);
          mkdirSync(place);
          const ready = await prepareMount(mount, { place, sources, deps, cleanups });
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
  readonly cleanups: (() => Promise<void>)[];
}

interface Prepared {
  readonly mount?: ReadyMount;
  readonly env?: readonly string[];
}

async function prepareMount(mount: RunMount, at: At): Promise<Prepared> {
  switch (mount.type) {
    case 'bind':
      return { mount: await bindMount(mount, at) };
    case 'cache':
      return { mount: await cacheMount(mount, at) };
    case 'tmpfs':
      return {
        mount: {
          type: 'dir',
          mount: {
            type: 'tmpfs',
            target: fromText(mount.target),
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

async function bindMount(
  mount: Extract<RunMount, { type: 'bind' }>,
  { place, sources, deps }: At,
): Promise<ReadyMount> {
  const isContext = mount.from.kind === 'context' || mount.from.kind === 'named';
  const { path, type } = await materialize(sources.get(mount.from)!, mount.source, join(place, 'files'), {
    libc: deps.libc,
    owners: isContext ? 'root' : 'keep',
  });
  if (!mount.writable)
    return { type, mount: { type: 'bind', source: path, target: fromText(mount.target), readonly: true } };
  // The copy is the step's own: what is written to it goes away with it.
  return { type, mount: { type: 'bind', source: path, target: fromText(mount.target), readonly: false } };
}

async function cacheMount(
  mount: Extract<RunMount, { type: 'cache' }>,
  { sources, deps, cleanups }: At,
): Promise<ReadyMount> {
  const lease = await deps.caches.take(mount, mount.from ? sources.get(mount.from) : undefined);
  cleanups.push(() => lease.release());
  return {
    type: 'dir',
    mount: { type: 'bind', source: lease.path, target: fromText(mount.target), readonly: mount.readonly },
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
