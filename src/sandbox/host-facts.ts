import { readFileSync, readlinkSync } from 'node:fs';
import { type Mount, parseMountinfo } from '../io/mountinfo.ts';
import { capabilityNames } from './capabilities.ts';

/** linux/proc_ns.h PROC_USER_INIT_INO, the same on every machine. */
const INITIAL_USER_NAMESPACE = 'user:[4026531837]';

/** What the rungs must know about the process that runs them. */
export interface HostFacts {
  /** True when uid 0 here is not uid 0 of the machine: overlay then needs `userxattr`, device nodes must be bound. */
  readonly inUserNamespace: boolean;
  /** False in a user namespace with a single id, where setgroups(2) is denied, and without CAP_SETGID. */
  readonly canSetGroups: boolean;
  /** True when every id that images use (0 to 65533) is mapped. */
  readonly fullIdMap: boolean;
  /** What a privileged RUN may have: the bounding set, names without `CAP_`. */
  readonly capabilities: readonly string[];
  /** What varve itself may do, names without `CAP_`. */
  readonly effective: readonly string[];
  /** Mount points of cgroup hierarchies that the process sees, but those that are read-only already. */
  readonly cgroupMounts: readonly string[];
  /** Whether nothing hides parts of /proc, so that the kernel lets a fresh one be mounted in a user namespace. */
  readonly isProcWhole: boolean;
  /** `process.arch`. */
  readonly architecture: string;
}

/** Reads the facts of this process from /proc. */
export function readHostFacts(architecture: string): HostFacts {
  const status = readText('/proc/self/status');
  const capabilities = (set: string): string[] =>
    capabilityNames(new RegExp(`^${set}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '');
  const effective = capabilities('CapEff');
  const mounts = parseMountinfo(readText('/proc/self/mountinfo'));
  const ids = idMapFacts(readText('/proc/self/uid_map'), readText('/proc/self/setgroups'));
  return {
    ...ids,
    ...namespaceFact(),
    // Without /proc nobody knows: then trying tells.
    canSetGroups: ids.canSetGroups && (status === '' || effective.includes('SETGID')),
    capabilities: capabilities('CapBnd'),
    effective,
    cgroupMounts: cgroupMountPoints(mounts),
    isProcWhole: isProcWhole(mounts),
    architecture,
  };
}

/** Pure part of readHostFacts: user_namespaces(7). */
export function idMapFacts(
  uidMap: string,
  setgroups: string,
): Pick<HostFacts, 'inUserNamespace' | 'canSetGroups' | 'fullIdMap'> {
  const ranges = uidMap
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const initial = ranges.length === 1 && ranges[0]?.[0] === 0 && ranges[0][1] === 0 && ranges[0][2] === 0xffffffff;
  let mapped = 0;
  for (const [inside = 0, , count = 0] of ranges.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0))) {
    if (inside <= mapped) mapped = Math.max(mapped, inside + count);
  }
  return {
    // An unreadable map (no /proc) says nothing; the initial namespace is the common case.
    inUserNamespace: uidMap.trim() !== '' && !initial,
    canSetGroups: setgroups.trim() !== 'deny',
    fullIdMap: uidMap.trim() === '' || mapped > 65533,
  };
}

/** Writable mount points of type cgroup and cgroup2, as fstab has them. */
export function cgroupMountPoints(mounts: readonly Mount[]): string[] {
  const found = mounts.filter(({ type, options }) => /^cgroup2?$/.test(type) && !options.includes('ro'));
  return [...new Set(found.map(({ escapedPoint }) => escapedPoint))];
}

/** Mounted on a directory that is always empty, it hides nothing. */
const HIDES_NOTHING = '/proc/sys/fs/binfmt_misc';

/**
 * Whether /proc is mounted, writable, with nothing mounted on parts of it.
 * @see linux fs/namespace.c mnt_already_visible
 */
export function isProcWhole(mounts: readonly Mount[]): boolean {
  const isMounted = mounts.some(
    ({ root, point, options }) => root === '/' && point === '/proc' && !options.includes('ro'),
  );
  return isMounted && !mounts.some(({ point }) => point.startsWith('/proc/') && point !== HIDES_NOTHING);
}

/** The map alone cannot tell: root may give a namespace all ids, each to itself. */
function namespaceFact(): Partial<Pick<HostFacts, 'inUserNamespace'>> {
  try {
    return { inUserNamespace: readlinkSync('/proc/self/ns/user') !== INITIAL_USER_NAMESPACE };
  } catch {
    return {};
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
