import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { openStore } from '../cas/open-store.ts';
import { parseMountinfo } from '../io/mountinfo.ts';
import { containerSign } from '../sandbox/container-sign.ts';
import { readHostFacts } from '../sandbox/host-facts.ts';
import { type MachineFacts, readMachineFacts } from '../sandbox/machine-facts.ts';
import { podAdvice } from '../sandbox/pod-advice.ts';
import { liesOnOverlay, probeRungs } from '../sandbox/probe-rungs.ts';
import { RUNGS, type Rung, type RungReport } from '../sandbox/sandbox.ts';
import { credentialPlaces } from './credential-places.ts';
import { lacksMounts, runInUserNamespace } from './enter-user-namespace.ts';
import { inPlaceRefusal } from './in-place-flags.ts';
import { type StoreFlags, storeOptions } from './service-options.ts';
import { toolPath } from './tool-path.ts';

/** What `varve doctor` finds, as --json prints it. */
export interface Diagnosis {
  readonly rungs: readonly (RungReport & { readonly advice: readonly string[] })[];
  /** What --isolation auto takes; null when nothing works. */
  readonly auto: Rung | null;
  readonly machine: MachineFacts & { readonly container: string | null };
  readonly store: {
    readonly path: string;
    readonly filesystem: string;
    readonly isOnOverlay: boolean;
    readonly freeBytes: number;
  };
  /** Names of files and variables. */
  readonly credentials: readonly string[];
}

export interface DoctorFlags extends StoreFlags {
  readonly json?: boolean;
  /** Of the doctor within a user namespace: only reports of what mounts. */
  readonly inside?: boolean;
}

/** What wants CAP_SYS_ADMIN, in a user namespace where it must be. */
const MOUNTING: readonly Rung[] = ['oci', 'namespaces'];
const WITHOUT_MOUNTS: readonly Rung[] = RUNGS.filter((rung) => !MOUNTING.includes(rung));

/** Tries every rung, and reads what bears on it. */
export async function diagnose(flags: DoctorFlags, signal: AbortSignal): Promise<Diagnosis> {
  const { env } = process;
  const machine = readMachineFacts(process.geteuid?.() ?? 0, toolPath(env.PATH));
  const { store } = storeOptions(flags, signal);
  const reports = [...(await mountingRungs(flags, signal)), ...(await probe(WITHOUT_MOUNTS, undefined, flags, signal))];
  const sign = containerSign({ env, exists: existsSync, cgroup: readText('/proc/1/cgroup') });
  const { bavail, bsize } = statfsSync(store);
  const auto = reports.find(({ rung, works }) => works && rung !== 'in-place')?.rung ?? null;
  // What is worse than what works is nothing to work for.
  const best = auto === null ? RUNGS.length : RUNGS.indexOf(auto);
  return {
    rungs: reports.map((report) => ({
      ...report,
      advice: report.works || RUNGS.indexOf(report.rung) > best ? [] : podAdvice(report.rung, machine, report.detail),
    })),
    auto,
    machine: { ...machine, container: sign ?? null },
    store: {
      path: store,
      filesystem: filesystemOf(store),
      isOnOverlay: liesOnOverlay(store),
      freeBytes: bavail * bsize,
    },
    credentials: credentialPlaces(env),
  };
}

/** A build starts itself again in a user namespace where it must; what works there is found there. */
async function mountingRungs(flags: DoctorFlags, signal: AbortSignal): Promise<RungReport[]> {
  if (!lacksMounts()) return probe(MOUNTING, undefined, flags, signal);
  const store = flags.store === undefined ? [] : ['--store', flags.store];
  const self = [...process.execArgv, process.argv[1] ?? '', 'doctor', '--inside', ...store];
  const entered = await runInUserNamespace(self, 'pipe');
  if (!entered.isInside) return probe(MOUNTING, entered.reason, flags, signal);
  const failed = (detail: string): RungReport[] => MOUNTING.map((rung) => ({ rung, works: false, detail }));
  if (entered.exitCode !== 0) return failed(`varve ended with exit code ${entered.exitCode} in a user namespace`);
  return JSON.parse(entered.stdout) as RungReport[];
}

/** What a doctor within a user namespace is asked for. */
export function probeMounting(flags: DoctorFlags, signal: AbortSignal): Promise<RungReport[]> {
  return probe(MOUNTING, undefined, flags, signal);
}

async function probe(
  rungs: readonly Rung[],
  noUserNamespace: string | undefined,
  flags: DoctorFlags,
  signal: AbortSignal,
): Promise<RungReport[]> {
  const options = storeOptions(flags, signal);
  const store = await openStore(options.store, options);
  try {
    const temp = await store.makeTemp('doctor');
    try {
      return await probeRungs(rungs, {
        toolPath: toolPath(process.env.PATH),
        facts: readHostFacts(process.arch),
        node: process.execPath,
        noUserNamespace,
        inPlace: { refusal: inPlaceRefusal(process.env), ownNode: () => [process.execPath] },
        scratch: temp.path,
        signal,
      });
    } finally {
      await temp.remove();
    }
  } finally {
    await store.close();
  }
}

/** Type of the mount that a path is on, by the longest mount point above it. */
function filesystemOf(path: string): string {
  let best = { point: '', type: 'unknown' };
  for (const mount of parseMountinfo(readText('/proc/self/mountinfo'))) {
    const { point } = mount;
    const isAbove = path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`);
    if (isAbove && point.length >= best.point.length) best = mount;
  }
  return best.type;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
