import { VarveError } from '../errors.ts';
import { chrootSandbox } from './chroot-rung.ts';
import { inPlaceSandbox } from './in-place-rung.ts';
import { namespacesSandbox, type RungDeps } from './namespaces-rung.ts';
import { type OciRuntime, ociSandbox } from './oci-rung.ts';
import { type ProbeDeps, probeRung } from './probe-rungs.ts';
import type { RootfsKind, Rung, RungReport, Sandbox } from './sandbox.ts';

/** What a user may write after `--isolation`. */
export type Isolation = 'auto' | Rung;

export interface ChosenSandbox {
  readonly sandbox: Sandbox;
  /** What its rootfs is to be. */
  readonly rootfs: RootfsKind;
  /** Those that were tried, in order; the last is the chosen one. */
  readonly reports: readonly RungReport[];
  /** Of the rung `oci`. */
  readonly runtime?: OciRuntime;
}

/** `in-place` is for who asks for it: it replaces the files of the container that varve runs in. */
const LADDER: readonly Rung[] = ['oci', 'namespaces', 'chroot'];
const NEEDS: Readonly<Record<Rung, string>> = {
  oci: 'install runc',
  namespaces: 'install util-linux and mount, and allow user namespaces (or run as root with CAP_SYS_ADMIN)',
  chroot: 'give the container CAP_SYS_CHROOT, and run as root',
  'in-place': 'run as root in a container',
};

/**
 * The first rung that works, found by trying, or the one asked for. Call it when a RUN really executes: it costs as
 * much as a RUN of `true`.
 * @throws VarveError `NO_SANDBOX` with what every rung lacks
 */
export async function chooseSandbox(isolation: Isolation, deps: ProbeDeps): Promise<ChosenSandbox> {
  const candidates = isolation === 'auto' ? LADDER : [isolation];
  const reports: RungReport[] = [];
  for (const rung of candidates) {
    const { report, sandbox, rootfs, runtime } = await probeRung(rung, deps);
    reports.push(report);
    if (sandbox && rootfs) return { sandbox, rootfs, reports, ...(runtime ? { runtime } : {}) };
  }
  const lines = reports.map(({ rung, detail }) => `  ${rung}: ${detail}`);
  throw new VarveError('NO_SANDBOX', `RUN cannot be isolated on this machine:\n${lines.join('\n')}`, {
    hint: candidates.map((rung) => `for ${rung}: ${NEEDS[rung]}`).join('; '),
  });
}

/** The sandbox of a choice that was made before. @param runtime of the rung `oci` */
export function sandboxOf(rung: Rung, runtime: OciRuntime | undefined, deps: RungDeps): Sandbox {
  if (rung === 'oci') return ociSandbox(deps, runtime ?? 'runc');
  if (rung === 'in-place' && deps.inPlace) return inPlaceSandbox({ ...deps, ownNode: deps.inPlace.ownNode });
  return rung === 'namespaces' ? namespacesSandbox(deps) : chrootSandbox(deps);
}
