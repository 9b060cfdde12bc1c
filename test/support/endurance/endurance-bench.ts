import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { makeBusyboxRoot, packRoot } from '../../../scripts/busybox-base.ts';
import { startLocalRegistry } from '../../../scripts/local-registry.ts';
import { temporaryDirectory } from '../../../scripts/temporary-directory.ts';
import type { VarveEnd, VarveProcess } from '../../build/support/varve-process.ts';
import { runHere } from '../../cli/support/run-here.ts';
import { createRegistryCheck, type RegistryCheck } from './check-registry.ts';
import { type SampleProject, sampleProject } from './sample-project.ts';

const VARVE = join(import.meta.dirname, '../../../bin/varve');

/** What drivers that break things work on: a registry, a base in it, a project, and varves of their own processes. */
export interface EnduranceBench extends AsyncDisposable {
  readonly path: string;
  /** Of the real registry. */
  readonly host: string;
  readonly registry: RegistryCheck;
  readonly project: SampleProject;
  readonly store: string;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): VarveProcess;
  /** The same command line in this process: see runHere(). */
  here(...args: string[]): Promise<VarveEnd>;
  /** here(). @throws Error with all that it said, unless it ends with 0 */
  varve(...args: string[]): Promise<VarveEnd>;
  /** The digest that an undisturbed build of a version has, on a store of its own. */
  expected(version: number): Promise<string>;
  /** What should not be there when no varve runs: mounts, processes, temporary files on disk and in memory. */
  leftovers(): string[];
}

/** Every build takes these: the same input gives the same image, so wrong ones are seen by their digest. */
export const REPRODUCIBLE = ['--reproducible', '--progress=plain'] as const;

export async function enduranceBench(seed: number): Promise<EnduranceBench> {
  const temp = temporaryDirectory('varve-endurance');
  const registry = await startLocalRegistry();
  const { path } = temp;
  const store = join(path, 'store');
  const project = sampleProject(path, `${registry.host}/base:1`, seed);
  const digests = new Map<number, string>();
  const start: EnduranceBench['start'] = (args, env = {}) => {
    const child = spawn(VARVE, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
    const ended = new Promise<VarveEnd>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', async (code, signal) => {
        // A RUN that outlives a killed varve may hold the pipes open: what was said by now is all that counts.
        const late = new Promise<string[]>((done) =>
          setTimeout(() => done(['', 'output held open']), OUTPUT_MS).unref(),
        );
        const [stdout = '', stderr = ''] = await Promise.race([outputs, late]);
        resolve({ code, signal, stdout, stderr });
      });
    });
    return { child, ended };
  };
  const bench: EnduranceBench = {
    path,
    host: registry.host,
    registry: createRegistryCheck(registry.host),
    project,
    store,
    start,
    here: (...args) => runHere(args, {}),
    async varve(...args) {
      const end = await runHere(args, {});
      if (end.code !== 0) throw new Error(said(args, end));
      return end;
    },
    async expected(version) {
      const known = digests.get(version);
      if (known !== undefined) return known;
      const flags = project.become(version);
      const own = ['--store', join(path, 'undisturbed'), '--tag', `${registry.host}/undisturbed:${version}`];
      const end = await bench.varve('build', ...own, '--push', ...REPRODUCIBLE, ...flags, project.context);
      const digest = imageDigest(end);
      digests.set(version, digest);
      return digest;
    },
    leftovers: () => [
      ...mountsBelow(path),
      ...processesOf(path),
      ...readdirSync(join(store, 'v1/tmp')).map((name) => `tmp/${name}`),
      ...memoryOf(join(store, 'v1/tmp')),
    ],
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      temp[Symbol.dispose]();
    },
  };
  try {
    const [root, tar] = [join(path, 'root'), join(path, 'base.tar')];
    mkdirSync(root);
    await makeBusyboxRoot(root);
    await packRoot(root, tar);
    await bench.varve('import', '--push', '--store', join(path, 'undisturbed'), tar, `${registry.host}/base:1`);
    return bench;
  } catch (error) {
    await bench[Symbol.asyncDispose]();
    throw error;
  }
}

/** How long the output of a varve that is gone is waited for. */
const OUTPUT_MS = 10_000;

/** @throws Error when the build named none */
export function imageDigest(end: VarveEnd): string {
  const digest = /^image (sha256:[0-9a-f]{64})$/m.exec(end.stderr)?.[1];
  if (digest === undefined) throw new Error(`no image:\n${end.stdout}${end.stderr}`);
  return digest;
}

export function said(args: readonly string[], { code, signal, stdout, stderr }: VarveEnd): string {
  return `varve ${args.join(' ')} ended with ${code ?? signal}:\n${stdout}${stderr}`;
}

function mountsBelow(path: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`${path}/`))
    .map((line) => `mount ${line}`);
}

/** Processes that name the path in their arguments, or have their root or working directory there. */
function processesOf(path: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const places = ['root', 'cwd'].map((link) => readlinkSync(`/proc/${pid}/${link}`));
        return [command, ...places].some((each) => each.includes(`${path}/store`))
          ? [`process ${pid}: ${command}`]
          : [];
      } catch {
        return []; // ended meanwhile, or a kernel thread
      }
    });
}

/** Directories in memory whose place is gone: secrets of processes that were killed. */
function memoryOf(tmp: string): string[] {
  const living = new Set(readdirSync(tmp));
  return readdirSync('/dev/shm')
    .map((name) => /^varve-(\d+-[0-9a-f]{12})-/.exec(name)?.[1])
    .filter((place) => place !== undefined && !living.has(place) && !isAlive(Number(place.split('-')[0])))
    .map((place) => `/dev/shm of ${place}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
