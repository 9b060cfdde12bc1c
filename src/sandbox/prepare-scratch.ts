import { mkdirSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { VarveError } from '../errors.ts';
import { type BytePath, toFsPath, toText } from '../io/byte-path.ts';
import { escapeForPrintf, type FstabLine, formatFstab } from './fstab.ts';
import type { HostFacts } from './host-facts.ts';
import { procMasks } from './proc-masks.ts';
import type { Rung, RunSpec, SandboxMount } from './sandbox.ts';

const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
/** What a privileged RUN gets besides, as far as the machine has it: BuildKit's list for `--security=insecure`. */
const PRIVILEGED_DEVICE = /^(fuse|loop-control|loop\d+)$/;
const DEVICE_LINKS: readonly (readonly [name: string, target: string])[] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  ['core', '/proc/kcore'],
  ['ptmx', 'pts/ptmx'],
];
/** Docker's sizes for /dev and /dev/shm. */
const DEVICES_SIZE = '65536k';
/** The group `tty` of Debian and most others, which pseudo-terminals belong to. */
const TTY_GID = 5;

/**
 * Lays out spec.scratch for sandbox-script.ts: short links to the lower directories (mount options are limited to one
 * page: 400 lowers of 70 characters would need seven), tables of mounts, the skeleton of /dev. Gives the directory's
 * real path. Synchronous on purpose: about 40 calls of 10 µs each.
 * @param before what is mounted first, on the machine's own paths
 * @throws VarveError `SANDBOX_MOUNT` for a mount that cannot be honoured.
 */
export function prepareScratch(spec: RunSpec, facts: HostFacts, rung: Rung, before: readonly FstabLine[] = []): string {
  const scratch = realpathSync(spec.scratch);
  const inScratch = (name: string): string => `${scratch}/${name}`;
  for (const name of ['rootfs', 'devices', 'empty']) mkdirSync(inScratch(name));
  const devices = [
    ...DEVICES,
    ...(spec.privileged ? readdirSync('/dev').filter((n) => PRIVILEGED_DEVICE.test(n)) : []),
  ];
  writeSkeleton(inScratch('skeleton'), devices);

  const root = rootLine(spec, facts, inScratch);
  const deviceRoot: FstabLine = {
    source: 'tmpfs',
    target: 'devices',
    type: 'tmpfs',
    options: `nosuid${nodev(spec)},mode=755,size=${DEVICES_SIZE}`,
  };
  const volatile = root.type === 'overlay' ? { ...root, options: `${root.options},volatile` } : root;
  writeFileSync(inScratch('fstab.root'), formatFstab([...before, volatile, deviceRoot]));
  writeFileSync(inScratch('fstab.root-sync'), formatFstab([...before, root, deviceRoot]));
  const system = systemLines(spec, devices, facts, rung);
  writeFileSync(inScratch('fstab.system'), formatFstab(system));
  // An OCI runtime does this by itself.
  writeFileSync(inScratch('fstab.masks'), formatFstab(rung === 'oci' || spec.privileged ? [] : maskLines()));
  const mounts = spec.mounts.map((mount, index) => mountLine(mount, index, { spec, scratch, facts }));
  writeFileSync(inScratch('mounts'), mounts.map(({ line }) => line).join(''));
  const binds = mounts.flatMap(({ bind }) => bind ?? []);
  writeFileSync(inScratch('fstab.all'), formatFstab([...system, ...binds]));
  return scratch;
}

/** How the rootfs is mounted, with the links that this needs. */
function rootLine(spec: RunSpec, facts: HostFacts, inScratch: (name: string) => string): FstabLine {
  const { rootfs } = spec;
  if ('directory' in rootfs) {
    symlinkSync(rootfs.directory, inScratch('r'));
    // The kernel sees to devices in a user namespace.
    const options = `bind${facts.inUserNamespace ? '' : nodev(spec)}`;
    return { source: 'r', target: 'rootfs', type: 'none', options };
  }
  rootfs.lower.forEach((directory, index) => {
    symlinkSync(directory, inScratch(String(index)));
  });
  symlinkSync(rootfs.upper, inScratch('u'));
  symlinkSync(rootfs.work, inScratch('w'));
  // Left by an earlier `volatile` mount of the same work directory, it would make this one fail.
  rmSync(`${rootfs.work}/work/incompat`, { recursive: true, force: true });
  const lowers = rootfs.lower.map((_, index) => index).join(':');
  const options = `lowerdir=${lowers},upperdir=u,workdir=w,${overlayOptions(facts)}${nodev(spec)}`;
  return { source: 'overlay', target: 'rootfs', type: 'overlay', options };
}

/** No feature that leaves marks in the upper directory or trusts marks in a lower one. */
function overlayOptions(facts: HostFacts): string {
  return `index=off,redirect_dir=nofollow,metacopy=off${facts.inUserNamespace ? ',userxattr' : ''}`;
}

/** Without a device cgroup nothing else keeps root from opening a device file that it made. */
function nodev({ privileged }: RunSpec): string {
  return privileged ? '' : ',nodev';
}

function writeSkeleton(directory: string, devices: readonly string[]): void {
  mkdirSync(directory);
  for (const name of ['pts', 'shm', 'mqueue']) mkdirSync(`${directory}/${name}`);
  for (const name of devices) writeFileSync(`${directory}/${name}`, '');
  for (const [name, target] of DEVICE_LINKS) symlinkSync(target, `${directory}/${name}`);
}

function systemLines(spec: RunSpec, devices: readonly string[], facts: HostFacts, rung: Rung): FstabLine[] {
  // Binding keeps the tmpfs `nodev`: what RUN makes with mknod can be committed but not opened (there is no device cgroup).
  const bound = devices.map((name) => ({
    source: `/dev/${name}`,
    target: `devices/${name}`,
    type: 'none',
    options: 'bind',
  }));
  const tty = facts.fullIdMap ? `,gid=${TTY_GID}` : '';
  return [
    ...bound,
    {
      source: 'devpts',
      target: 'devices/pts',
      type: 'devpts',
      options: `nosuid,noexec,newinstance,ptmxmode=0666,mode=0620${tty}`,
    },
    {
      source: 'shm',
      target: 'devices/shm',
      type: 'tmpfs',
      options: `nosuid,noexec,nodev,mode=1777,size=${spec.shmSizeBytes ?? DEVICES_SIZE}`,
    },
    { source: 'mqueue', target: 'devices/mqueue', type: 'mqueue', options: 'nosuid,noexec,nodev' },
    { source: 'devices', target: 'rootfs/dev', type: 'none', options: 'rbind' },
    {
      source: 'sysfs',
      target: 'rootfs/sys',
      type: 'sysfs',
      options: `${spec.privileged ? '' : 'ro,'}nosuid,noexec,nodev`,
    },
    ...(rung === 'oci'
      ? []
      : [{ source: 'proc', target: 'rootfs/proc', type: 'proc', options: 'nosuid,noexec,nodev' }]),
  ];
}

function maskLines(): FstabLine[] {
  return procMasks().map(({ path, how }) => {
    const target = `rootfs${path}`;
    if (how === 'hide-file') return { source: '/dev/null', target, type: 'none', options: 'bind' };
    if (how === 'hide-directory')
      return { source: 'tmpfs', target, type: 'tmpfs', options: 'ro,nosuid,nodev,noexec,size=0' };
    return { source: target, target, type: 'none', options: 'bind,ro,nosuid,nodev,noexec' };
  });
}

function mountLine(
  mount: SandboxMount,
  index: number,
  { spec, scratch, facts }: { readonly spec: RunSpec; readonly scratch: string; readonly facts: HostFacts },
): { readonly line: string; readonly bind?: FstabLine } {
  const target = checkTarget(mount.target);
  const earlier = spec.mounts.slice(0, index);
  const below = [...earlier.map((other) => other.target), '/dev'].some((parent) => target.startsWith(`${parent}/`));
  let options: string;
  let create = 'directory';
  switch (mount.type) {
    case 'bind': {
      const source = statSource(mount.source);
      symlinkSync(mount.source, `${scratch}/m${index}`);
      create = source.isDirectory() ? 'directory' : 'file';
      // nodev, see systemLines; the kernel sees to it in a user namespace.
      options = `${facts.inUserNamespace ? '' : nodev(spec)}${mount.readonly ? ',ro' : ''}` || '-';
      break;
    }
    case 'tmpfs': {
      const mode = (mount.mode ?? 0o1777).toString(8);
      options = `nosuid,nodev${mount.readonly ? ',ro' : ''},mode=${mode}${mount.sizeBytes === undefined ? '' : `,size=${mount.sizeBytes}`}`;
      break;
    }
    case 'overlay': {
      // Short links, as for the root; a file is bound from inside.
      mkdirSync(`${scratch}/d${index}`);
      mount.lower.forEach((directory, n) => {
        symlinkSync(directory, `${scratch}/l${index}.${n}`);
      });
      symlinkSync(mount.upper, `${scratch}/u${index}`);
      symlinkSync(mount.work, `${scratch}/w${index}`);
      symlinkSync(toFsPath(`d${index}/${mount.path}`), `${scratch}/m${index}`);
      create = mount.kind === 'dir' ? 'directory' : 'file';
      const lowers = mount.lower.map((_, n) => `l${index}.${n}`).join(':');
      options = `lowerdir=${lowers},upperdir=u${index},workdir=w${index},${overlayOptions(facts)}${nodev(spec)}`;
      break;
    }
  }
  const line = (kind: string): string => `${kind} ${options} ${below ? create : '-'} ${escapeForPrintf(target)}\n`;
  // In a user namespace a bind may need more than one try (sandbox-script.ts).
  const isAlone = !below && spec.mounts.every((other, i) => i === index || other.target !== mount.target);
  if (mount.type === 'bind' && isAlone && !facts.inUserNamespace && PLAIN_PATH.test(target)) {
    const flags = options === '-' ? '' : options;
    const bind = { source: `m${index}`, target: `rootfs${target}`, type: 'none', options: `bind${flags}` };
    return { line: line('plain-bind'), bind };
  }
  return { line: line(mount.type === 'overlay' && mount.readonly ? 'overlay-ro' : mount.type) };
}

/** What stands for itself in a table and in the shell. */
const PLAIN_PATH = /^[A-Za-z0-9_./-]+$/;

function statSource(source: string): { isDirectory(): boolean } {
  const stat = statSync(source, { throwIfNoEntry: false });
  if (!stat) throw new VarveError('SANDBOX_MOUNT', `the mount source ${source} does not exist`);
  return stat;
}

function checkTarget(target: BytePath): BytePath {
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const refuse = (why: string): never => {
    throw new VarveError('SANDBOX_MOUNT', `mount target ${toText(target)}: ${why}`);
  };
  if (!target.startsWith('/')) refuse('not absolute');
  if (target.includes('\0')) refuse('a NUL byte');
  if (parts.includes('..')) refuse('".." is not allowed');
  if (parts.length === 0) refuse('the root cannot be a mount target');
  if (parts[0] === 'proc' || parts[0] === 'sys') refuse('/proc and /sys belong to the sandbox');
  return `/${parts.join('/')}`;
}
