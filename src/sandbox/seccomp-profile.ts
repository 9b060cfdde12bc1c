import { ALLOWED_SINCE, ALWAYS_ALLOWED } from './seccomp-syscalls.ts';

export interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_NE' | 'SCMP_CMP_MASKED_EQ';
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
}

/** `linux.seccomp` of an OCI runtime config (runtime-spec config-linux.md). */
export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ERRNO';
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

/** CLONE_NEW* but CLONE_NEWTIME (linux/sched.h): 0x7e020000, new namespaces. */
const CLONE_NAMESPACES = 2_114_060_288;
/** The execution domains that Docker allows: PER_LINUX, PER_LINUX32, UNAME26 with both, and "ask". */
const PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];
const AF_VSOCK = 40;
const EPERM = 1;
const ENOSYS = 38;

const NODE_ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
  s390x: ['SCMP_ARCH_S390X', 'SCMP_ARCH_S390'],
};

/** Calls that only some processors have. */
const NODE_ARCHITECTURE_CALLS: Readonly<Record<string, readonly string[]>> = {
  x64: ['arch_prctl', 'modify_ldt'],
  arm64: ['arm_fadvise64_64', 'arm_sync_file_range', 'sync_file_range2', 'breakpoint', 'cacheflush', 'set_tls'],
  ppc64: ['sync_file_range2'],
  s390x: ['s390_pci_mmio_read', 's390_pci_mmio_write', 's390_runtime_instr'],
  riscv64: ['riscv_flush_icache', 'riscv_hwprobe'],
};

/**
 * Docker's default seccomp profile (moby 20.10.24, Apache-2.0) for its default capabilities and a kernel of 4.8 or
 * newer, with what Docker has changed since: no io_uring (25.0), no AF_VSOCK sockets (23.0), and the calls of newer
 * kernels. Of the capability-dependent groups only CAP_SYS_CHROOT's is in the default set.
 * `architecture` as Node has it in `process.arch`; an unknown one leaves it to libseccomp.
 */
export function defaultSeccompProfile(architecture: string): SeccompProfile {
  const allow = (names: readonly string[], args?: readonly SeccompArgument[]): SeccompRule => ({
    names,
    action: 'SCMP_ACT_ALLOW',
    ...(args ? { args } : {}),
  });
  // On s390 the flags are clone's second argument.
  const cloneFlags = architecture === 's390x' ? 1 : 0;
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures: NODE_ARCHITECTURES[architecture] ?? [],
    syscalls: [
      allow([...ALWAYS_ALLOWED, ...ALLOWED_SINCE, ...(NODE_ARCHITECTURE_CALLS[architecture] ?? []), 'chroot']),
      allow(['socket'], [{ index: 0, value: AF_VSOCK, op: 'SCMP_CMP_NE' }]),
      ...PERSONALITIES.map((value) => allow(['personality'], [{ index: 0, value, op: 'SCMP_CMP_EQ' }])),
      allow(['clone'], [{ index: cloneFlags, value: CLONE_NAMESPACES, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }]),
      // Its flags are in memory, where a filter cannot see them: with ENOSYS libc falls back to clone.
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
    ],
  };
}
