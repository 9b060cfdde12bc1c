import { VarveError } from '../errors.ts';
import { namespacesSandbox, type RungDeps } from './namespaces-rung.ts';
import { type OciRuntime, ociSandbox } from './oci-rung.ts';
import { type ProbeDeps, type ProbedRung, probeNamespaces, probeOci } from './probe-rungs.ts';
import type { RootfsKind, Rung, RungReport, Sandbox } from './sandbox.ts';

/** What a user may write after `--isolation`; the last two are known, not there yet, and refused by name. */
export type Isolation = 'auto' | Rung | 'chroot' | 'in-place';

export interface ChosenSandbox {
  readonly sandbox: Sandbox;
  /** What its rootfs is to be. */
  readonly rootfs: RootfsKind;
  /** Those that were tried, in order; the last is the chosen one. */
  readonly reports: readonly RungReport[];
  /** Of the rung `oci`. */
  readonly runtime?: OciRuntime;
}

const LADDER: readonly Rung[] = ['oci', 'namespaces'];
const PROBES: Readonly<Record<Rung, (deps: ProbeDeps) => Promise<ProbedRung>>> = {
  oci: probeOci,
  namespaces: probeNamespaces,
};
const NEEDS: Readonly<Record<Rung, string>> = {
  oci: 'install runc',
  namespaces: 'install util-linux and mount, and allow user namespaces (or run as root with CAP_SYS_ADMIN)',
};

/**
 * The first rung that works, found by trying, or the one asked for. Call it when a RUN really executes: it costs as
 * much as a RUN of `true`.
 * @throws VarveError `NO_SANDBOX` with what every rung lacks, `ISOLATION_UNSUPPORTED`.
 */
export async function chooseSandbox(isolation: Isolation, deps: ProbeDeps): Promise<ChosenSandbox> {
  if (isolation === 'chroot' || isolation === 'in-place') {
    throw new VarveError('ISOLATION_UNSUPPORTED', `--isolation ${isolation} is not supported yet`, {
      hint: `use auto, ${LADDER.join(' or ')}`,
      exitCode: 2,
    });
  }
  const candidates = isolation === 'auto' ? LADDER : [isolation];
  const reports: RungReport[] = [];
  for (const rung of candidates) {
    const { report, sandbox, rootfs, runtime } = await PROBES[rung](deps);
    reports.push(report);
    if (sandbox && rootfs) return { sandbox, rootfs, reports, ...(runtime ? { runtime } : {}) };
  }
  const lines = reports.map(({ rung, detail }) => `  ${rung}: ${detail}`);
  throw new VarveError('NO_SANDBOX', `RUN cannot be isolated on this machine:\n${lines.join('\n')}`, {
    hint: candidates.map((rung) => `for ${rung}: ${NEEDS[rung]}`).join('; '),
  });
}

/** The sandbox of a choice that was made before. @param runtime of the rung `oci` */
export function sandboxOf(runtime: OciRuntime | undefined, deps: RungDeps): Sandbox {
  return runtime ? ociSandbox(deps, runtime) : namespacesSandbox(deps);
}
