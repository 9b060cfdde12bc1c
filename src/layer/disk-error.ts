import { VarveError } from '../errors.ts';
import { type BytePath, toText } from '../io/byte-path.ts';
import { machineFault } from '../io/machine-fault.ts';
import type { Entry } from '../snapshot/entry.ts';

/** What a failing system call means to the user. Errors that are VarveErrors stay as they are. */
export function diskError(error: unknown, path: BytePath, entry?: Entry): unknown {
  if (error instanceof VarveError || !(error instanceof Error)) return error;
  const { code = '', syscall = '' } = error as NodeJS.ErrnoException;
  const name = `/${toText(path)}`;
  const refused = code === 'EPERM' || code === 'EINVAL';
  if (refused && syscall.includes('chown') && entry) {
    return new VarveError('UNPACK_OWNER', `${name} cannot be given to ${entry.uid}:${entry.gid} here (${code})`, {
      hint: 'run as root, or give this user ranges of at least 65536 ids in /etc/subuid and /etc/subgid',
      cause: error,
    });
  }
  if (refused && syscall === 'mknod') {
    return new VarveError('UNPACK_DEVICE', `the device ${name} cannot be made here (${code})`, {
      hint: 'device files need CAP_MKNOD outside a user namespace; use a base image without them',
      cause: error,
    });
  }
  if (syscall.includes('xattr')) {
    return new VarveError('UNPACK_XATTR', `an extended attribute of ${name} cannot be set here (${code})`, {
      hint: 'put the store on a file system with user and security attributes: ext4, xfs or btrfs',
      cause: error,
    });
  }
  const hint = machineFault(error)?.hint;
  return new VarveError('UNPACK_FAILED', `${name} cannot be unpacked: ${error.message}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}
