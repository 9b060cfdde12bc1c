/**
 * What a RUN may do as root: Docker's default set (moby `oci/caps/defaults.go`), 0xa80425fb as a mask.
 * Names as the kernel has them, without `CAP_`.
 */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SYS_CHROOT',
  'MKNOD',
  'AUDIT_WRITE',
  'SETFCAP',
];

/**
 * All capabilities, by number. @see linux/capability.h
 */
const NAMES: readonly string[] = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
  ...['LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER'],
  ...['SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE'],
  ...['SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP'],
  ...['MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF'],
  'CHECKPOINT_RESTORE',
];

/** The names in a bounding set as /proc/PID/status has it (`CapBnd`), a hexadecimal mask. */
export function capabilityNames(mask: string): string[] {
  const bits = /^[0-9a-f]{1,16}$/i.test(mask) ? BigInt(`0x${mask}`) : 0n;
  return NAMES.filter((_, number) => (bits >> BigInt(number)) & 1n);
}

/** Their numbers; of those that this list doesn't know, none. */
export function capabilityNumbers(names: readonly string[]): number[] {
  return names.map((name) => NAMES.indexOf(name)).filter((number) => number >= 0);
}

/** For `setpriv --bounding-set`: nothing but the defaults. */
export function boundingSetArgument(): string {
  return ['-all', ...DEFAULT_CAPABILITIES.map((name) => `+${name.toLowerCase()}`)].join(',');
}
