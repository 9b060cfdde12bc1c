import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeBusyboxRoot, packRoot } from '../busybox-base.ts';
import { startLocalRegistry } from '../local-registry.ts';
import { outputOf } from '../run-process.ts';

/** What an image may have to download. */
const LIMIT_BYTES = 150e6;
/** Docker's default capabilities: what a pod's root has. @see https://github.com/moby/moby/blob/master/daemon/pkg/oci/caps/defaults.go */
const CAPABILITIES = [
  ...[
    'CAP_CHOWN',
    'CAP_DAC_OVERRIDE',
    'CAP_FSETID',
    'CAP_FOWNER',
    'CAP_MKNOD',
    'CAP_NET_RAW',
    'CAP_SETGID',
    'CAP_SETUID',
  ],
  ...['CAP_SETFCAP', 'CAP_SETPCAP', 'CAP_NET_BIND_SERVICE', 'CAP_SYS_CHROOT', 'CAP_KILL', 'CAP_AUDIT_WRITE'],
];

export interface ImageCheck {
  /** An OCI layout of one image. */
  readonly layout: string;
  /** A directory of the caller's own, which is not there yet. */
  readonly place: string;
  readonly isDebug: boolean;
}

/**
 * Checks an image of varve: its size, that it starts as kaniko's executor, and that it builds and pushes a Dockerfile with a RUN
 * in a container with a pod's capabilities, as root and as an ordinary user.
 * @returns the sum of its compressed layers, in bytes
 * @throws Error with what is wrong
 */
export async function checkImage({ layout, place, isDebug }: ImageCheck): Promise<number> {
  const bytes = layersOf(layout);
  if (bytes >= LIMIT_BYTES) throw new Error(`the layers have ${bytes} bytes, and may have ${LIMIT_BYTES}`);
  mkdirSync(place, { recursive: true });
  const bundle = join(place, 'bundle');
  const copy = `${join(place, 'copy')}:varve`;
  await outputOf(['skopeo', 'copy', `oci:${layout}`, `oci:${copy}`]);
  await outputOf(['umoci', 'unpack', '--image', copy, bundle]);
  const run = containers(bundle);
  const version = await run(0, ['/kaniko/executor', 'version']);
  if (!version.startsWith('varve ')) throw new Error(`executor version said ${JSON.stringify(version)}`);
  if (isDebug) await run(0, ['/busybox/sh', '-c', 'test "$(/busybox/echo a)" = a']);

  await using registry = await startLocalRegistry();
  const [root, tar] = [join(place, 'busybox'), join(bundle, 'rootfs/workspace/busybox.tar')];
  await makeBusyboxRoot(root);
  await packRoot(root, tar);
  const base = `${registry.host}/busybox:1`;
  await run(0, ['varve', 'import', '/workspace/busybox.tar', base]);
  await run(0, ['varve', 'push', `store:${base}`, base]);
  const dockerfile = `FROM ${base}\nRUN id -u >/uid && echo built >/said\n`;
  writeFileSync(join(bundle, 'rootfs/workspace/Dockerfile'), dockerfile);
  for (const uid of [0, 1000]) {
    const name = `${registry.host}/app:${uid}`;
    await run(uid, ['/kaniko/executor', '--destination', name, '--cache-dir', `/cache/${uid}`]);
    await outputOf(['skopeo', 'inspect', '--tls-verify=false', `docker://${name}`]);
  }
  return bytes;
}

function layersOf(layout: string): number {
  const read = (digest: string) =>
    JSON.parse(readFileSync(join(layout, 'blobs', digest.replace(':', '/')), 'utf8')) as {
      readonly layers: readonly { readonly size: number }[];
    };
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
    readonly manifests: readonly { readonly digest: string }[];
  };
  return read(index.manifests[0]!.digest).layers.reduce((sum, { size }) => sum + size, 0);
}

/** Runs commands in containers on one root, with a pod's capabilities, without a seccomp filter, in the machine's network. */
function containers(bundle: string) {
  const file = join(bundle, 'config.json');
  const original = readFileSync(file, 'utf8');
  let count = 0;
  return (uid: number, args: readonly string[]): Promise<string> => {
    const config = JSON.parse(original);
    const kept = uid === 0 ? CAPABILITIES : [];
    config.process.terminal = false;
    config.process.args = args;
    config.process.user = { uid, gid: uid };
    config.process.env = config.process.env.filter((line: string) => !line.startsWith('HOME='));
    config.process.env.push(`HOME=${uid === 0 ? '/root' : '/home/varve'}`);
    config.process.capabilities = { bounding: CAPABILITIES, effective: kept, permitted: kept, inheritable: [] };
    config.process.noNewPrivileges = false;
    config.linux.namespaces = config.linux.namespaces.filter(({ type }: { type: string }) => type !== 'network');
    config.linux.seccomp = undefined;
    config.mounts = config.mounts.filter(({ destination }: { destination: string }) => destination !== '/cache');
    writeFileSync(file, JSON.stringify(config));
    return outputOf(['runc', 'run', '--bundle', bundle, `varve-image-${process.pid}-${count++}`]);
  };
}
