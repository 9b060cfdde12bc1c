import { DEFAULT_CAPABILITIES } from '../../../src/sandbox/capabilities.ts';

/** A pod's security settings, as far as they bear on isolation. */
export interface Pod {
  /** Its letter in the table of docs/isolation.md. */
  readonly row: string;
  readonly uid: number;
  /** Names without `CAP_`. */
  readonly capabilities: readonly string[];
  /** `runtime` is containerd's and Docker's profile, `cri-o` that of containers-common. */
  readonly seccomp: 'runtime' | 'cri-o' | 'none';
  /** hostUsers: false, a user namespace of 65536 ids. */
  readonly hostUsers: boolean;
  /** procMount: Unmasked. */
  readonly unmaskedProc?: boolean;
  /** allowPrivilegeEscalation: false. */
  readonly noNewPrivileges?: boolean;
  /** A range in /etc/subuid for the user, and newuidmap to use it. */
  readonly subordinateIds?: boolean;
  /** Where the store is: an emptyDir on disk or in memory, or nowhere but the container's overlay. */
  readonly store?: 'disk' | 'memory' | 'overlay';
  /** Its root has Node, its libraries and busybox as files, instead of this machine's /usr. */
  readonly isSmall?: boolean;
}

const usual = { uid: 0, capabilities: DEFAULT_CAPABILITIES, seccomp: 'none', hostUsers: true } as const;

/** The rows of the table, in its order. */
export const PODS: readonly Pod[] = [
  { ...usual, row: 'A', seccomp: 'runtime' },
  { ...usual, row: 'A2', seccomp: 'cri-o' },
  { ...usual, row: 'B' },
  { ...usual, row: 'B2', store: 'overlay' },
  { ...usual, row: 'C', unmaskedProc: true },
  { ...usual, row: 'D', seccomp: 'runtime', hostUsers: false },
  { ...usual, row: 'E', hostUsers: false },
  { ...usual, row: 'F', seccomp: 'runtime', hostUsers: false, capabilities: [...DEFAULT_CAPABILITIES, 'SYS_ADMIN'] },
  {
    ...usual,
    row: 'G',
    seccomp: 'runtime',
    hostUsers: false,
    capabilities: [...DEFAULT_CAPABILITIES, 'SYS_ADMIN'],
    unmaskedProc: true,
  },
  { ...usual, row: 'H', seccomp: 'runtime', capabilities: ['SYS_CHROOT'] },
  {
    ...usual,
    row: 'I',
    seccomp: 'runtime',
    capabilities: ['SYS_CHROOT', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETUID', 'SETGID'],
  },
  { ...usual, row: 'J', uid: 1000, capabilities: [], noNewPrivileges: true },
  { ...usual, row: 'K', uid: 1000, subordinateIds: true, store: 'memory' },
  { ...usual, row: 'L', uid: 1000, capabilities: [], seccomp: 'runtime', noNewPrivileges: true },
];

/** For the rung in-place, which replaces the root. */
export const SMALL_POD: Pod = { ...usual, row: 'M', seccomp: 'runtime', isSmall: true };
