import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { promisify } from 'node:util';
import { VarveError } from '../errors.ts';
import { chrootSandbox } from './chroot-rung.ts';
import { findTool } from './find-tool.ts';
import { inPlaceSandbox } from './in-place-rung.ts';
import { namespacesSandbox, type RungDeps } from './namespaces-rung.ts';
import { type OciRuntime, ociSandbox } from './oci-rung.ts';
import {
  DEFAULT_HOSTNAME,
  type RootfsKind,
  type Rung,
  type RungReport,
  type RunSpec,
  type Sandbox,
} from './sandbox.ts';

export interface ProbeDeps extends RungDeps {
  /** A directory on the store's filesystem, where rootfs will be; a directory in it is made and removed. */
  readonly scratch: string;
  /** What the rootfs may be; `auto`, when absent, takes the first that the rung can run on. */
  readonly rootfs?: 'auto' | RootfsKind;
  readonly signal?: AbortSignal;
}

/** A rung that was tried: with a sandbox when it works. */
export interface ProbedRung {
  readonly report: RungReport;
  readonly sandbox?: Sandbox;
  /** What it was tried on. */
  readonly rootfs?: RootfsKind;
  /** Of the rung `oci`. */
  readonly runtime?: OciRuntime;
}

/** linux/magic.h OVERLAYFS_SUPER_MAGIC. */
const OVERLAY_MAGIC = 0x794c7630;
/** A name that no rootfs has. */
const ABSENT_COMMAND = '/varve-probe';

/** Tries these, one after another. */
export async function probeRungs(rungs: readonly Rung[], deps: ProbeDeps): Promise<RungReport[]> {
  const reports: RungReport[] = [];
  for (const rung of rungs) reports.push((await probeRung(rung, deps)).report);
  return reports;
}

/** Tries one rung. */
export async function probeRung(rung: Rung, deps: ProbeDeps): Promise<ProbedRung> {
  const { noUserNamespace } = deps;
  if (noUserNamespace !== undefined && (rung === 'oci' || rung === 'namespaces')) {
    const detail = `varve has no CAP_SYS_ADMIN, and a user namespace cannot be had: ${noUserNamespace}`;
    return { report: { rung, works: false, detail } };
  }
  switch (rung) {
    case 'oci':
      return probeOci(deps);
    case 'namespaces':
      return probeNamespaces(deps);
    case 'chroot':
      return probeChroot(deps);
    case 'in-place':
      return probeInPlace(deps);
  }
}

/** Tries the rung without a runtime, about 25 ms. */
async function probeNamespaces(deps: ProbeDeps): Promise<ProbedRung> {
  const sandbox = namespacesSandbox(deps);
  const where = deps.facts.inUserNamespace ? ' in a user namespace' : '';
  return probed(sandbox, await tryKinds(sandbox, deps), `util-linux${where}`);
}

/** Tries chroot(2) alone, about 100 ms. */
async function probeChroot(deps: ProbeDeps): Promise<ProbedRung> {
  const { effective } = deps.facts;
  if (!effective.includes('SYS_CHROOT'))
    return { report: { rung: 'chroot', works: false, detail: 'CAP_SYS_CHROOT is missing' } };
  if (deps.rootfs === 'overlay')
    return { report: { rung: 'chroot', works: false, detail: 'nothing can be mounted there, an overlay neither' } };
  const sandbox = chrootSandbox(deps);
  const tried = await tryKinds(sandbox, deps);
  const lacks = [
    ...(deps.facts.inUserNamespace || !effective.includes('MKNOD')
      ? ['no devices but a /dev/null that is a file']
      : []),
    ...(effective.includes('SETPCAP') ? [] : ['RUN keeps CAP_SYS_CHROOT, for want of CAP_SETPCAP']),
    ...(deps.facts.canSetGroups ? [] : ['RUN is root only, for want of CAP_SETGID']),
  ];
  return probed(sandbox, tried, ['no /proc', ...lacks].join(', '));
}

/** Tries whether a keeper can be started, about 100 ms; nothing is changed in the root. */
async function probeInPlace(deps: ProbeDeps): Promise<ProbedRung> {
  const refused = (detail: string): ProbedRung => ({ report: { rung: 'in-place', works: false, detail } });
  const { inPlace } = deps;
  if (inPlace === undefined) return refused('not asked for');
  if (inPlace.refusal !== undefined) return refused(inPlace.refusal);
  if (!deps.facts.effective.includes('DAC_OVERRIDE') || !deps.facts.effective.includes('CHOWN'))
    return refused('CAP_CHOWN and CAP_DAC_OVERRIDE are missing: the image is unpacked over the root directory');
  const tried = inPlaceSandbox({ ...deps, ownNode: () => [deps.node] });
  const { failure } = await tryKinds(tried, deps);
  if (failure !== '') return refused(failure);
  const sandbox = inPlaceSandbox({ ...deps, ownNode: inPlace.ownNode });
  return probed(sandbox, { rootfs: 'plain', failure: '' }, "the container's own root, which the image replaces");
}

/** Tries runc, then crun, about 50 ms. */
async function probeOci(deps: ProbeDeps): Promise<ProbedRung> {
  const reasons: string[] = [];
  for (const runtime of ['runc', 'crun'] as const) {
    const file = findTool(runtime, deps.toolPath);
    if (!file) {
      reasons.push(`${runtime} is not installed`);
      continue;
    }
    if (runtime === 'crun' && !deps.facts.inUserNamespace) {
      // It mounts the root again without nodev, and there is no device cgroup here: RUN could open the machine's disks.
      reasons.push('crun is used in a user namespace only');
      continue;
    }
    const sandbox = ociSandbox(deps, runtime);
    const tried = await tryKinds(sandbox, deps);
    if (tried.rootfs) return { ...probed(sandbox, tried, await runtimeVersion(file, runtime)), runtime };
    reasons.push(`${runtime}: ${tried.failure}`);
  }
  return { report: { rung: 'oci', works: false, detail: reasons.join('; ') } };
}

interface Tried {
  readonly rootfs?: RootfsKind;
  /** Of every kind that was tried and does not work. */
  readonly failure: string;
}

function probed(sandbox: Sandbox, { rootfs, failure }: Tried, detail: string): ProbedRung {
  const { rung } = sandbox;
  if (!rootfs) return { report: { rung, works: false, detail: failure } };
  const on =
    rootfs === 'plain' && sandbox.rootfs[0] !== 'plain'
      ? `${detail}, plain rootfs${failure === '' ? '' : ` (${failure})`}`
      : detail;
  return { report: { rung, works: true, detail: on }, sandbox, rootfs };
}

async function tryKinds(sandbox: Sandbox, deps: ProbeDeps): Promise<Tried> {
  const { rootfs: asked = 'auto' } = deps;
  const failures: string[] = [];
  for (const kind of sandbox.rootfs) {
    if (asked !== 'auto' && asked !== kind) continue;
    const failure = await tryOut(sandbox, kind, deps);
    if (failure === undefined) return { rootfs: kind, failure: failures.join('; ') };
    if (!failures.includes(failure)) failures.push(failure);
  }
  return { failure: failures.join('; ') || `it has no ${asked} rootfs` };
}

/**
 * Runs a command that does not exist on an empty rootfs. "Not found" is the very last thing that can go wrong, so that
 * answer says that all else works, and needs no program. Gives the reason when it does not.
 */
async function tryOut(sandbox: Sandbox, kind: RootfsKind, deps: ProbeDeps): Promise<string | undefined> {
  const directory = mkdtempSync(`${deps.scratch}/probe-`);
  try {
    for (const name of ['lower/proc', 'lower/sys', 'lower/dev', 'upper', 'work', 'scratch']) {
      mkdirSync(`${directory}/${name}`, { recursive: true });
    }
    const rootfs: RunSpec['rootfs'] =
      kind === 'plain'
        ? { directory: sandbox.rung === 'in-place' ? '/' : `${directory}/lower` }
        : { lower: [`${directory}/lower`], upper: `${directory}/upper`, work: `${directory}/work` };
    const result = await sandbox.run(
      {
        rootfs,
        argv: [ABSENT_COMMAND],
        env: ['PATH=/', 'HOME=/'],
        cwd: '/',
        user: { uid: 0, gid: 0, groups: [] },
        mounts: [],
        network: 'host',
        hostname: DEFAULT_HOSTNAME,
        privileged: false,
        rlimits: [],
        scratch: `${directory}/scratch`,
      },
      { stdout: () => {}, stderr: () => {}, ...(deps.signal ? { signal: deps.signal } : {}) },
    );
    return result.exitCode === 127 ? undefined : `the probe ended with exit code ${result.exitCode}`;
  } catch (error) {
    if (!(error instanceof VarveError) || error.code === 'CANCELLED') throw error;
    if (kind === 'overlay' && liesOnOverlay(deps.scratch)) {
      return `${error.message}; the store lies on an overlay filesystem, which cannot hold another's upper directory: put it on a volume`;
    }
    return error.code === 'SANDBOX_TOOL' ? `${error.message}: ${error.hint ?? ''}` : error.message;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Then no overlay can be mounted with an upper directory there, and whiteouts and opaque directories cannot be made. */
export function liesOnOverlay(path: string): boolean {
  return statfsSync(path).type === OVERLAY_MAGIC;
}

async function runtimeVersion(file: string, runtime: OciRuntime): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(file, ['--version'], { timeout: 5000 });
    return stdout.split('\n')[0]?.replace(' version', '') ?? runtime;
  } catch {
    return runtime;
  }
}
