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

/** For `setpriv --bounding-set`: nothing but the defaults. */
export function boundingSetArgument(): string {
  return ['-all', ...DEFAULT_CAPABILITIES.map((name) => `+${name.toLowerCase()}`)].join(',');
}
