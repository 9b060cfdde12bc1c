import { readFileSync } from 'node:fs';
import { capabilityNames } from './capabilities.ts';
import { findTool } from './find-tool.ts';

/** What a person looks at when a rung does not work. */
export interface MachineFacts {
  readonly uid: number;
  /** Effective, names without `CAP_`. */
  readonly capabilities: readonly string[];
  /** Whether a seccomp filter is on the process, whoever set it. */
  readonly seccompFilter: boolean;
  /** allowPrivilegeEscalation: false. */
  readonly noNewPrivileges: boolean;
  /** The AppArmor profile or SELinux label; undefined without. */
  readonly securityLabel: string | undefined;
  /** Limits on user namespaces; undefined where the kernel has no such limit. */
  readonly userNamespaces: {
    readonly max: number | undefined;
    /** Debian's kernel.unprivileged_userns_clone. */
    readonly unprivileged: boolean | undefined;
    /** Ubuntu's kernel.apparmor_restrict_unprivileged_userns. */
    readonly restrictedByAppArmor: boolean | undefined;
  };
  /** Whether the kernel has loaded overlayfs; it may load it when it is asked. */
  readonly overlay: boolean;
  /** Where programs are that the rungs and git contexts use; null when not installed. */
  readonly tools: Readonly<Record<string, string | null>>;
}

const TOOLS = ['runc', 'crun', 'unshare', 'setpriv', 'mount', 'prlimit', 'newuidmap', 'newgidmap', 'git', 'ssh-agent'];

/** Reads them from /proc. @param toolPath where to look for programs, colon-separated */
export function readMachineFacts(uid: number, toolPath: string): MachineFacts {
  const status = read('/proc/self/status');
  const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '';
  // The kernel's own name for "no profile".
  const label = read('/proc/self/attr/current').replace(/\0/g, '').trim();
  return {
    uid,
    capabilities: capabilityNames(field('CapEff')),
    seccompFilter: field('Seccomp') === '2',
    noNewPrivileges: field('NoNewPrivs') === '1',
    securityLabel: label === '' || label === 'unconfined' || label === 'kernel' ? undefined : label,
    userNamespaces: {
      max: number('/proc/sys/user/max_user_namespaces'),
      unprivileged: flag('/proc/sys/kernel/unprivileged_userns_clone'),
      restrictedByAppArmor: flag('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
    },
    overlay: /\boverlay$/m.test(read('/proc/filesystems')),
    tools: Object.fromEntries(TOOLS.map((name) => [name, findTool(name, toolPath) ?? null])),
  };
}

function number(path: string): number | undefined {
  const text = read(path).trim();
  return text === '' ? undefined : Number(text);
}

function flag(path: string): boolean | undefined {
  const value = number(path);
  return value === undefined ? undefined : value !== 0;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
