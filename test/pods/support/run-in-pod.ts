import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fromText } from '../../../src/io/byte-path.ts';
import { loadLibc } from '../../../src/io/libc.ts';
import { POD_IDS, podConfig } from './pod-config.ts';
import type { Pod } from './pod-rows.ts';

const CHECKOUT = join(import.meta.dirname, '../../..');
/** Of this machine's files: what a small Debian image has besides /usr. */
const ETC = ['ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'alternatives', 'ssl', 'nsswitch.conf', 'hosts'];
/** linux/capability.h. setuid root, as Debian has them, they need CAP_SYS_ADMIN in a container. */
const ID_MAP_PROGRAMS = [
  { name: 'newuidmap', capability: 7 },
  { name: 'newgidmap', capability: 6 },
] as const;
/** A pod's root is an overlay of layers, so that mounts with an upper directory on it fail. */
const OVERLAY =
  'mount -t overlay -o lowerdir="$1/lower",upperdir="$1/upper",workdir="$1/work" x "$1/rootfs" && shift && exec "$@"';

export interface PodResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A pod with varve's checkout at /varve, a store at /store and a workspace at /workspace. */
export interface RunningPod extends Disposable {
  /** What the pod sees as /workspace, read and written by its user. */
  readonly workspace: string;
  /** Runs varve in a container of the pod. */
  varve(...args: string[]): Promise<PodResult>;
  /** Runs a shell command there. */
  shell(script: string): Promise<PodResult>;
}

/** Makes the directories of a pod; its user owns the workspace and the store, as with fsGroup. */
export function makePod(pod: Pod, base: string = tmpdir()): RunningPod {
  const directory = mkdtempSync(join(base, `varve-pod-${pod.row}-`));
  chmodSync(directory, 0o755);
  const at = (name: string): string => join(directory, name);
  for (const name of ['lower', 'upper', 'work', 'rootfs', 'store', 'workspace', 'account']) mkdirSync(at(name));
  if (pod.isSmall) makeSmallRoot(at('lower'));
  else makeRoot(at('lower'), pod);
  if (pod.subordinateIds)
    for (const { name, capability } of ID_MAP_PROGRAMS) copyWithCapability(name, at(name), capability);
  writeFileSync(join(at('account'), 'token'), 'pod-token');
  const owner = pod.hostUsers ? pod.uid : POD_IDS.first + pod.uid;
  for (const name of ['store', 'workspace']) chownSync(at(name), owner, owner);
  // As the runtime's idmapped mounts show it.
  if (!pod.hostUsers) execFileSync('chown', ['-hR', `${POD_IDS.first}:${POD_IDS.first}`, at('lower'), at('upper')]);
  let count = 0;

  const run = async (args: readonly string[]): Promise<PodResult> => {
    const bundle = at(`bundle-${count++}`);
    mkdirSync(bundle);
    const writable = ['rbind', 'rw', 'rprivate'];
    const stores = {
      disk: [{ destination: '/store', source: at('store'), options: writable }],
      memory: [{ destination: '/store', source: 'store', type: 'tmpfs', options: ['mode=1777'] }],
      overlay: [],
    };
    const config = podConfig(pod, {
      rootfs: at('rootfs'),
      args,
      env: [
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'HOME=/tmp',
        'KUBERNETES_SERVICE_HOST=192.0.2.1',
        'VARVE_STORE=/store',
        'POD_SECRET=from-the-environment',
      ],
      mounts: [
        ...(pod.isSmall ? [] : [{ destination: '/usr', source: '/usr' }]),
        ...(pod.subordinateIds
          ? ID_MAP_PROGRAMS.map(({ name }) => ({ destination: `/usr/bin/${name}`, source: at(name) }))
          : []),
        { destination: '/varve', source: CHECKOUT },
        { destination: '/var/run/secrets/kubernetes.io/serviceaccount', source: at('account') },
        { destination: '/workspace', source: at('workspace'), options: writable },
        ...stores[pod.store ?? 'disk'],
      ],
    });
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
    const id = `varve-pod-${process.pid}-${pod.row}-${count}`;
    const runc = ['runc', '--root', at('state'), 'run', '--bundle', bundle, id];
    const child = spawn('unshare', ['-m', 'sh', '-c', OVERLAY, 'sh', directory, ...runc], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', resolve);
      }),
    ]);
    return { code, stdout, stderr };
  };
  return {
    workspace: at('workspace'),
    varve: (...args) => run(['/varve/bin/varve', ...args]),
    shell: (script) => run(['sh', '-c', script]),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** A root with Node's libraries and busybox, and nothing else: varve brings its Node. */
function makeSmallRoot(root: string): void {
  for (const name of [
    'bin',
    'etc',
    'proc',
    'sys',
    'dev',
    'tmp',
    'store',
    'workspace',
    'varve',
    'usr/bin',
    'var/run',
    'left/over',
  ])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ['tmp', 'store']) chmodSync(join(root, name), 0o1777);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/tmp:/bin/sh\n');
  cpSync('/bin/busybox', join(root, 'bin/busybox'), { dereference: true });
  for (const name of ['sh', 'readlink', 'dirname', 'find', 'ls', 'cat', 'test', 'env'])
    symlinkSync('busybox', join(root, 'bin', name));
  const listed = execFileSync('ldd', [join(CHECKOUT, 'node_modules/node/bin/node')], { encoding: 'utf8' });
  for (const [file] of listed.matchAll(/\/\S+\.so\S*/g))
    cpSync(file, join(root, file), { recursive: true, dereference: true });
}

/** A root with this machine's /usr and few files of its own. */
function makeRoot(root: string, pod: Pod): void {
  for (const name of [
    'etc',
    'proc',
    'sys',
    'dev',
    'tmp',
    'run',
    'usr',
    'var/run',
    'var/tmp',
    'root',
    'store',
    'workspace',
    'varve',
  ])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ['tmp', 'var/tmp', 'store']) chmodSync(join(root, name), 0o1777);
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
  for (const name of ETC.filter((file) => existsSync(`/etc/${file}`)))
    cpSync(`/etc/${name}`, join(root, 'etc', name), { recursive: true, verbatimSymlinks: true });
  if (existsSync('/etc/resolv.conf')) writeFileSync(join(root, 'etc/resolv.conf'), readFileSync('/etc/resolv.conf'));
  const user = 'builder:x:1000:1000::/tmp:/bin/sh\n';
  writeFileSync(
    join(root, 'etc/passwd'),
    `${readFileSync('/etc/passwd', 'utf8').replace(/^.*:1000:.*\n/gm, '')}${user}`,
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nbuilder:x:1000:\n');
  if (!pod.subordinateIds) return;
  for (const name of ['subuid', 'subgid']) writeFileSync(join(root, 'etc', name), 'builder:2000000:65536\n');
}

/** As `setcap` with +ep does it. @see linux/capability.h vfs_cap_data */
function copyWithCapability(name: string, to: string, capability: number): void {
  copyFileSync(`/usr/bin/${name}`, to);
  chmodSync(to, 0o755);
  const data = Buffer.alloc(20);
  data.writeUInt32LE(0x02000001, 0);
  data.writeUInt32LE(1 << capability, 4);
  loadLibc().setXattr(fromText(to), 'security.capability', data);
}
