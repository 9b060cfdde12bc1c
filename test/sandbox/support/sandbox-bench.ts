import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { chrootSandbox } from '../../../src/sandbox/chroot-rung.ts';
import { readHostFacts } from '../../../src/sandbox/host-facts.ts';
import { namespacesSandbox, type RungDeps } from '../../../src/sandbox/namespaces-rung.ts';
import { type OciRuntime, ociSandbox } from '../../../src/sandbox/oci-rung.ts';
import type { RunIo, RunSpec, Sandbox } from '../../../src/sandbox/sandbox.ts';
import { findBusybox, makeBusyboxRootfs } from './busybox-rootfs.ts';

export const TOOL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What the command changed: the overlay's upper directory. */
  readonly upper: string;
}

/** A sandbox, a busybox rootfs, and what each run needs. */
export interface SandboxBench extends Disposable {
  readonly sandbox: Sandbox;
  readonly directory: string;
  readonly lower: string;
  /** A new empty directory. */
  makeDirectory(): string;
  makeSpec(argv: readonly string[], more?: Partial<RunSpec>): RunSpec;
  run(argv: readonly string[], more?: Partial<RunSpec>, io?: Partial<RunIo>): Promise<Outcome>;
}

export function rungDeps(toolPath = TOOL_PATH): RungDeps {
  return { toolPath, facts: readHostFacts(process.arch), node: process.execPath };
}

export function makeSandbox(rung: string, deps = rungDeps()): Sandbox {
  if (rung === 'chroot') return chrootSandbox(deps);
  return rung === 'namespaces' ? namespacesSandbox(deps) : ociSandbox(deps, rung as OciRuntime);
}

/** `rung` is `namespaces`, `runc`, `crun` or `chroot`, which runs in a copy of the rootfs. */
export function openBench(rung: string, base: string = tmpdir()): SandboxBench {
  const busybox = findBusybox();
  if (busybox === undefined) throw new Error('install busybox-static');
  const sandbox = makeSandbox(rung);
  const directory = mkdtempSync(`${base}/varve-sandbox-`);
  const lower = `${directory}/lower`;
  makeBusyboxRootfs(lower, busybox);
  let count = 0;
  const makeDirectory = (): string => {
    const path = `${directory}/${count++}`;
    mkdirSync(path);
    return path;
  };
  const makeSpec: SandboxBench['makeSpec'] = (argv, more = {}) => ({
    rootfs:
      rung === 'chroot'
        ? { directory: copyOf(lower, makeDirectory()) }
        : { lower: [lower], upper: makeDirectory(), work: makeDirectory() },
    argv,
    env: ['PATH=/bin', 'HOME=/root'],
    cwd: '/',
    user: { uid: 0, gid: 0, groups: [] },
    mounts: [],
    network: 'host',
    hostname: 'buildkitsandbox',
    privileged: false,
    rlimits: [],
    scratch: makeDirectory(),
    ...more,
  });
  return {
    sandbox,
    directory,
    lower,
    makeDirectory,
    makeSpec,
    async run(argv, more, io = {}) {
      const spec = makeSpec(argv, more);
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      const { exitCode } = await sandbox.run(spec, {
        stdout: (chunk) => stdout.push(chunk),
        stderr: (chunk) => stderr.push(chunk),
        ...io,
      });
      return {
        exitCode,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
        upper: 'upper' in spec.rootfs ? spec.rootfs.upper : spec.rootfs.directory,
      };
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function copyOf(rootfs: string, directory: string): string {
  execFileSync('cp', ['-a', `${rootfs}/.`, directory]);
  return directory;
}

/** Where the changes of a run on an overlay are. */
export function upperOf({ rootfs }: RunSpec): string {
  if ('upper' in rootfs) return rootfs.upper;
  throw new Error('not an overlay');
}

/** Every path in a directory, sorted. */
export function listAll(directory: string): string[] {
  return (readdirSync(directory, { recursive: true }) as string[]).sort();
}

/** Why the tests of a rung cannot run here; undefined when they can. */
export function cannotRun(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  return findBusybox() === undefined ? 'needs busybox-static' : undefined;
}
