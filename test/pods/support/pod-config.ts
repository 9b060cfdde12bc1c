import { readFileSync } from 'node:fs';
import { MASKED_PATHS, READONLY_PATHS } from '../../../src/sandbox/proc-masks.ts';
import { defaultSeccompProfile } from '../../../src/sandbox/seccomp-profile.ts';
import type { Pod } from './pod-rows.ts';

/** containers-common's profile, which CRI-O takes for RuntimeDefault (Debian: golang-github-containers-common). */
export const CRI_O_PROFILE = '/usr/share/containers/seccomp.json';
/** What Docker's profile allows besides with CAP_SYS_ADMIN. @see moby profiles/seccomp/default.json */
const WITH_SYS_ADMIN =
  'bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount open_tree ' +
  'perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare';
/** Host ids of a pod with hostUsers: false. */
export const POD_IDS = { first: 1_000_000, count: 65_536 };
/** A pod's memory: less than what a build of a large image would take if memory grew with it. */
const MEMORY_BYTES = 512 * 1024 * 1024;

interface PodMount {
  readonly destination: string;
  readonly source: string;
  readonly type?: string;
  readonly options?: readonly string[];
}

/** config.json of a pod's container, as containerd makes it from the pod's specification. */
export function podConfig(
  pod: Pod,
  at: {
    readonly rootfs: string;
    readonly args: readonly string[];
    readonly env: readonly string[];
    readonly mounts: readonly PodMount[];
  },
): object {
  const capabilities = pod.capabilities.map((name) => `CAP_${name}`);
  const held = pod.uid === 0 ? capabilities : [];
  const ids = [{ containerID: 0, hostID: POD_IDS.first, size: POD_IDS.count }];
  const seccomp = seccompOf(pod);
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: pod.uid, gid: pod.uid },
      args: at.args,
      env: at.env,
      cwd: '/',
      capabilities: { bounding: capabilities, effective: held, permitted: held },
      noNewPrivileges: pod.noNewPrivileges ?? false,
    },
    root: { path: at.rootfs, readonly: false },
    hostname: 'pod',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      {
        destination: '/dev',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
      },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
      },
      {
        destination: '/dev/shm',
        type: 'tmpfs',
        source: 'shm',
        options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
      },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      {
        destination: '/sys/fs/cgroup',
        type: 'cgroup',
        source: 'cgroup',
        options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
      },
      ...at.mounts.map((mount) => ({ type: 'bind', options: ['rbind', 'ro', 'rprivate'], ...mount })),
    ],
    linux: {
      namespaces: [
        ...['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
        // A network namespace of its own owns the sysfs; the tests need none.
        ...(pod.hostUsers ? [] : [{ type: 'user' }, { type: 'network' }]),
      ],
      ...(pod.hostUsers ? {} : { uidMappings: ids, gidMappings: ids }),
      resources: { memory: { limit: MEMORY_BYTES } },
      ...(pod.unmaskedProc ? {} : { maskedPaths: MASKED_PATHS, readonlyPaths: READONLY_PATHS }),
      ...(seccomp ? { seccomp } : {}),
    },
  };
}

function seccompOf({ seccomp, capabilities }: Pod): object | undefined {
  if (seccomp === 'none') return undefined;
  if (seccomp === 'cri-o') return criProfile(capabilities);
  const profile = defaultSeccompProfile(process.arch);
  const has = (name: string): boolean => capabilities.includes(name);
  const rules = profile.syscalls.filter(
    ({ names }) => !(has('SYS_ADMIN') && names.some((name) => /^clone3?$/.test(name))),
  );
  return {
    ...profile,
    syscalls: [
      ...rules.map((rule) => ({
        ...rule,
        names: rule.names.filter((name) => name !== 'chroot' || has('SYS_CHROOT')),
      })),
      ...(has('SYS_ADMIN') ? [{ names: WITH_SYS_ADMIN.split(' '), action: 'SCMP_ACT_ALLOW' }] : []),
    ],
  };
}

interface CriRule {
  readonly args: readonly unknown[] | null;
  readonly includes: { readonly caps?: readonly string[]; readonly arches?: readonly string[] };
  readonly excludes: { readonly caps?: readonly string[]; readonly arches?: readonly string[] };
}

/** As containers/common pkg/seccomp filters its own format by capabilities and architecture. */
function criProfile(capabilities: readonly string[]): object {
  const held = capabilities.map((name) => `CAP_${name}`);
  const {
    syscalls,
    archMap: _,
    ...rest
  } = JSON.parse(readFileSync(CRI_O_PROFILE, 'utf8')) as {
    syscalls: CriRule[];
    archMap: unknown;
  };
  const arch = { x64: 'amd64' }[process.arch as string] ?? process.arch;
  const applies = ({ includes, excludes }: CriRule): boolean =>
    (includes.arches?.includes(arch) ?? true) &&
    (includes.caps?.every((name) => held.includes(name)) ?? true) &&
    !excludes.arches?.includes(arch) &&
    !excludes.caps?.some((name) => held.includes(name));
  return {
    ...rest,
    defaultErrno: undefined,
    syscalls: syscalls
      .filter(applies)
      .map(({ includes: _i, excludes: _e, args, ...rule }) => ({ ...rule, ...(args?.length ? { args } : {}) })),
  };
}
