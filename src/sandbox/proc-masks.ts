import { statSync } from 'node:fs';

/** moby `oci/defaults.go`: what a container must not see. */
export const MASKED_PATHS: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

/** moby `oci/defaults.go`: what a container must not write. */
export const READONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

export interface ProcMask {
  readonly path: string;
  readonly how: 'hide-file' | 'hide-directory' | 'readonly';
}

/** Those of the above that this kernel has; every proc and sysfs of one kernel has the same. */
export function procMasks(): ProcMask[] {
  const masks: ProcMask[] = [];
  for (const path of MASKED_PATHS) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat) masks.push({ path, how: stat.isDirectory() ? 'hide-directory' : 'hide-file' });
  }
  for (const path of READONLY_PATHS) {
    if (statSync(path, { throwIfNoEntry: false })) masks.push({ path, how: 'readonly' });
  }
  return masks;
}
