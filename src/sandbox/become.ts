import { constants } from 'node:os';
import koffi from 'koffi';

/** What the calling thread is to be when it starts a command. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups; undefined leaves groups and gid as they are, where they cannot be set. */
  readonly groups: readonly number[] | undefined;
  /** Numbers of capabilities that the command must never have. */
  readonly dropped: readonly number[];
}

/** setrlimit(2), numbers as text for JSON's sake. */
export interface ResourceLimit {
  readonly resource: number;
  readonly soft: string;
  readonly hard: string;
}

/** What keeps a RUN's process in check, of the calling thread and its process. A failing call throws an Error that names it. */
export interface ProcessCalls {
  /** Orphans of this process's descendants become its children. */
  becomeSubreaper(): void;
  /** The kernel sends this process a signal when its parent ends. */
  signalOnParentDeath(signal: number): void;
  /** Makes a directory the root, for all threads. */
  chroot(path: string): void;
  /** Changes to a directory by path or descriptor, for all threads. */
  changeDirectory(to: string | number): void;
  /** Capabilities that are gone afterwards cannot come back, nor can the inheritable and ambient ones. */
  assume(credentials: Credentials): void;
  /** Takes the user back that assume() was called by. */
  resume(): void;
  /** A limit of a process, 0 being this one. */
  limit(pid: number, resource: number): ResourceLimit;
  setLimit(pid: number, limit: ResourceLimit): void;
  /** Keeps what varve inherited from whoever started it from the command: a directory would be a way out of its root. */
  closeOnExec(fd: number): void;
  /** True when the child was a zombie, and is gone. */
  reap(pid: number): boolean;
}

const PR_SET_PDEATHSIG = 1; // linux/prctl.h
const PR_CAPBSET_DROP = 24;
const PR_SET_CHILD_SUBREAPER = 36;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
const F_SETFD = 2; // linux/fcntl.h
const FD_CLOEXEC = 1;
const WNOHANG = 1; // linux/wait.h
const LINUX_CAPABILITY_VERSION_3 = 0x20080522; // linux/capability.h
/** Offsets of the inheritable words in struct __user_cap_data_struct[2]. */
const INHERITABLE = [8, 20];

/** Binds the C library of the running process. */
export function loadProcessCalls(): ProcessCalls {
  const lib = koffi.load(null);
  const prctl = lib.func('int prctl(int option, ulong a, ulong b, ulong c, ulong d)');
  const cChroot = lib.func('int chroot(const char *path)');
  const chdir = lib.func('int chdir(const char *path)');
  const fchdir = lib.func('int fchdir(int fd)');
  const setgroups = lib.func('int setgroups(size_t count, const uint32_t *groups)');
  const setresgid = lib.func('int setresgid(uint32_t real, uint32_t effective, uint32_t saved)');
  const setresuid = lib.func('int setresuid(uint32_t real, uint32_t effective, uint32_t saved)');
  const capget = lib.func('int capget(void *header, _Out_ void *data)');
  const capset = lib.func('int capset(void *header, const void *data)');
  const prlimit = lib.func('int prlimit(int pid, int resource, const void *limit, _Out_ void *old)');
  const fcntl = lib.func('int fcntl(int fd, int command, ...)');
  const waitpid = lib.func('int waitpid(int pid, void *status, int options)');

  const must = (result: number, what: string): void => {
    if (result === 0) return;
    const number = koffi.errno();
    const code = Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? `E${number}`;
    throw new Error(`${what}: ${code}`);
  };
  const dropInheritable = (): void => {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(LINUX_CAPABILITY_VERSION_3, 0);
    const data = Buffer.alloc(24);
    must(capget(header, data), 'capget');
    for (const offset of INHERITABLE) data.writeUInt32LE(0, offset);
    must(capset(header, data), 'capset');
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  };
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];

  return {
    becomeSubreaper: () => must(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 'prctl(PR_SET_CHILD_SUBREAPER)'),
    signalOnParentDeath: (signal) => must(prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0), 'prctl(PR_SET_PDEATHSIG)'),
    chroot: (path) => must(cChroot(path), 'cannot change root directory'),
    changeDirectory: (to) =>
      typeof to === 'number' ? must(fchdir(to), 'fchdir') : must(chdir(to), `cannot chdir to '${to}'`),
    assume(credentials) {
      for (const number of credentials.dropped)
        must(prctl(PR_CAPBSET_DROP, number, 0, 0, 0), 'a capability cannot be dropped');
      dropInheritable();
      const { groups } = credentials;
      if (groups !== undefined) {
        must(setgroups(groups.length, Uint32Array.from(groups)), 'setgroups');
        must(setresgid(credentials.gid, credentials.gid, gid), 'setgid');
      }
      // The saved id is how resume() comes back; exec replaces it in the command.
      if (credentials.uid !== uid) must(setresuid(credentials.uid, credentials.uid, uid), 'setuid');
    },
    resume() {
      must(setresuid(uid, uid, uid), 'setuid');
      must(setresgid(gid, gid, gid), 'setgid');
    },
    limit(pid, resource) {
      const old = new BigUint64Array(2);
      must(prlimit(pid, resource, null, old), 'a resource limit cannot be read');
      return { resource, soft: String(old[0]), hard: String(old[1]) };
    },
    setLimit(pid, { resource, soft, hard }) {
      const limit = BigUint64Array.of(BigInt(soft), BigInt(hard));
      must(prlimit(pid, resource, limit, null), `the resource limit ${resource} cannot be set`);
    },
    // What closed meanwhile needs nothing.
    closeOnExec: (fd) => void fcntl(fd, F_SETFD, 'int', FD_CLOEXEC),
    reap: (pid) => waitpid(pid, null, WNOHANG) !== 0,
  };
}
