import { VarveError } from '../errors.ts';
import type { RunStep } from '../instructions/step.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';

/** What the kernel runs without help besides its own: 32-bit x86 on amd64. */
const ALSO_RUNS: Readonly<Record<string, readonly string[]>> = { amd64: ['386'] };
/** binfmt_misc handler names of Debian's qemu-user-static. */
const QEMU_NAMES: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  arm: 'arm',
  386: 'i386',
  ppc64le: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
  mips64le: 'mips64el',
};

/**
 * Refuses a RUN whose platform this machine cannot run.
 * @param hasBinfmt whether a binfmt_misc handler of this name is registered and enabled
 * @throws VarveError `PLATFORM_FOREIGN` at the RUN's line
 */
export function requireRunnable(step: RunStep, host: Platform, hasBinfmt: (name: string) => boolean): void {
  const { os, architecture } = step.platform;
  if (os === host.os && (architecture === host.architecture || ALSO_RUNS[host.architecture]?.includes(architecture)))
    return;
  const qemu = QEMU_NAMES[architecture];
  if (os === host.os && qemu !== undefined && hasBinfmt(`qemu-${qemu}`)) return;
  throw new VarveError(
    'PLATFORM_FOREIGN',
    `this ${formatPlatform(host)} machine cannot run commands of ${formatPlatform(step.platform)}`,
    {
      hint: `install and register an emulator, on Debian: apt-get install qemu-user-static binfmt-support; or use FROM --platform=$BUILDPLATFORM`,
      location: step.location,
    },
  );
}
