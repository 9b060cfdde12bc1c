import { VarveError } from '../errors.ts';
import { toText } from '../io/byte-path.ts';
import { DEFAULT_HOSTNAME, type Rung, type RunSpec } from './sandbox.ts';

/**
 * @throws VarveError `SANDBOX_UNSUPPORTED` for what would be something else on a rung without namespaces
 */
export function refuseNamespaced(spec: RunSpec, rung: Rung): void {
  const refuse = (what: string, why: string): never => {
    throw new VarveError('SANDBOX_UNSUPPORTED', `${what}: the rung ${rung} ${why}`, {
      hint: '`varve doctor` says what gives a rung that can',
    });
  };
  if (spec.network === 'none') refuse('RUN --network=none', "has no network of its own, only the machine's");
  if (spec.privileged) refuse('RUN --security=insecure', 'can give no more than it gives every RUN');
}

/** What is said aloud, for the RUN can do without it: limits and names that need a mount or a namespace. */
export function unenforced(spec: RunSpec, rung: Rung): string[] {
  const warnings: string[] = [];
  for (const mount of spec.mounts) {
    if (mount.type === 'tmpfs' && mount.sizeBytes !== undefined)
      warnings.push(`the tmpfs on ${toText(mount.target)} is an ordinary directory, and its size is not limited`);
  }
  if (spec.shmSizeBytes !== undefined)
    warnings.push('/dev/shm is an ordinary directory, and --shm-size does not limit it');
  if (spec.hostname !== DEFAULT_HOSTNAME) warnings.push(`the hostname is the machine's, not ${spec.hostname}`);
  return warnings.map((warning) => `on the rung ${rung} ${warning}`);
}
