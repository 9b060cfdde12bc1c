import { VarveError } from '../../errors.ts';
import type { RunStep } from '../../instructions/step.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { type Emulation, handlerFor } from './binfmt.ts';
import { elfProgram } from './elf.ts';

/** What a kernel may run without help besides its own: 32-bit programs of the same family, unless it was made without. */
const ALSO_RUNS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries<readonly string[]>({ amd64: ['386'], arm64: ['arm'] }),
);

/** How a machine runs a platform's programs. */
export type Runner =
  | { readonly kind: 'native' }
  /** An emulator. `inRoot` is the path that it must have inside the rootfs; undefined when the kernel holds it open. */
  | { readonly kind: 'emulator'; readonly inRoot?: string };

/** How `host` runs programs of `platform`; undefined when it doesn't. Where the handlers cannot be seen it is tried. */
export function runsWith(platform: Platform, host: Platform, emulation: Emulation): Runner | undefined {
  const { os, architecture } = platform;
  if (os !== host.os) return undefined;
  if (architecture === host.architecture) return { kind: 'native' };
  const program = elfProgram(architecture);
  if (!program) return undefined;
  if (ALSO_RUNS.get(host.architecture)?.includes(architecture) && emulation.tries(architecture, program))
    return { kind: 'native' };
  const handlers = emulation.handlers();
  if (!handlers) return emulation.tries(architecture, program) ? { kind: 'emulator' } : undefined;
  const handler = handlerFor(program, handlers);
  if (!handler) return undefined;
  return handler.isFixed ? { kind: 'emulator' } : { kind: 'emulator', inRoot: handler.interpreter };
}

/**
 * Refuses a RUN whose platform this machine cannot run.
 * @param hasFile whether the rootfs has a file at an absolute path
 * @throws VarveError `PLATFORM_FOREIGN` at the RUN's line
 */
export async function requireRunnable(
  step: Pick<RunStep, 'platform' | 'location'>,
  host: Platform,
  emulation: Emulation,
  hasFile: (path: string) => Promise<boolean>,
): Promise<void> {
  const runner = runsWith(step.platform, host, emulation);
  const name = formatPlatform(step.platform);
  if (!runner) {
    throw new VarveError(
      'PLATFORM_FOREIGN',
      `this ${formatPlatform(host)} machine cannot run commands of ${name}: no emulator is registered with binfmt_misc`,
      { hint: INSTALL, location: step.location },
    );
  }
  if (runner.kind === 'emulator' && runner.inRoot !== undefined && !(await hasFile(runner.inRoot))) {
    throw new VarveError(
      'PLATFORM_FOREIGN',
      `commands of ${name} are run by ${runner.inRoot}, which this stage's files do not have: its handler is registered without the flag F, so the emulator is looked up inside the root`,
      {
        hint: `register it with the flag F, as Debian's qemu-user-static does, or COPY a static emulator to ${runner.inRoot}`,
        location: step.location,
      },
    );
  }
}

const INSTALL =
  'install and register an emulator on the machine (not in the container), on Debian: apt-get install qemu-user-static; or use FROM --platform=$BUILDPLATFORM';
