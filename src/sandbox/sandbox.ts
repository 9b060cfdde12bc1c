import type { BytePath } from '../io/byte-path.ts';

/** The best first. */
export const RUNGS = ['oci', 'namespaces', 'chroot', 'in-place'] as const;
export type Rung = (typeof RUNGS)[number];

/** An overlay rootfs. All paths are absolute; `lower` is topmost first, never empty, may be hundreds long. */
export interface OverlayRootfs {
  readonly lower: readonly string[];
  readonly upper: string;
  readonly work: string;
}

/** A directory of varve's own that the command changes in place. Absolute; nothing else uses it meanwhile. */
export interface PlainRootfs {
  readonly directory: string;
}

export type RootfsKind = 'overlay' | 'plain';

/** Something that RUN sees and the layer does not. Its target exists in the rootfs already (see docs/architecture.md). */
export type SandboxMount =
  | {
      readonly type: 'bind';
      readonly source: string;
      readonly target: BytePath;
      readonly readonly: boolean;
      /** Whether the source is of no use after the command: what that writes there may be lost. */
      readonly isCopy?: boolean;
    }
  | {
      readonly type: 'tmpfs';
      readonly target: BytePath;
      readonly sizeBytes?: number;
      readonly mode?: number;
      readonly readonly?: boolean;
    }
  /** What a stack of directories holds at `path`, seen as is, writes discarded: an overlay of its own. */
  | {
      readonly type: 'overlay';
      /** Topmost first, never empty. */
      readonly lower: readonly string[];
      /** Relative, without symlinks; empty for all. */
      readonly path: BytePath;
      readonly kind: 'file' | 'dir';
      readonly target: BytePath;
      readonly upper: string;
      readonly work: string;
      readonly readonly: boolean;
    };

/** setrlimit(2); undefined is unlimited. */
export interface Rlimit {
  /** Lower case and without `RLIMIT_`: `nofile`. */
  readonly name: string;
  readonly soft: number | undefined;
  readonly hard: number | undefined;
}

/** BuildKit's. */
export const DEFAULT_HOSTNAME = 'buildkitsandbox';

export interface RunSpec {
  readonly rootfs: OverlayRootfs | PlainRootfs;
  /** argv as bytes of text; argv[0] is looked up in the environment's PATH inside the rootfs when it has no slash. */
  readonly argv: readonly string[];
  /** The whole environment, `K=V`. */
  readonly env: readonly string[];
  /** Whether a variable is a secret: then the environment is in no command line, which everybody may read. */
  readonly hasSecretEnv?: boolean;
  /** Absolute in the rootfs, exists. */
  readonly cwd: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  readonly mounts: readonly SandboxMount[];
  readonly network: 'host' | 'none';
  readonly hostname: string;
  /** Every capability that varve has, no seccomp filter, /proc and /sys whole and writable, devices that open. */
  readonly privileged: boolean;
  readonly rlimits: readonly Rlimit[];
  /** Of /dev/shm; Docker's 64 MiB when undefined. */
  readonly shmSizeBytes?: number;
  /** An empty directory on the store's filesystem that the rung may use and leave dirty; the caller removes it. */
  readonly scratch: string;
}

export interface RunIo {
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
  readonly signal?: AbortSignal;
}

export interface RunResult {
  /** 128 + n when a signal ended it. */
  readonly exitCode: number;
  /** ms from start of the rung's own launcher to exit. */
  readonly durationMs: number;
  /** What the rung could not give, when the command may have failed for want of it; a sentence. */
  readonly lacks?: string;
}

/**
 * Runs one command isolated on a rootfs. When run() settles, whatever way, no process that it started and no mount
 * that it made is left; the upper directory or the plain rootfs holds exactly what the command changed. When varve itself is killed (-9),
 * the kernel takes processes and mounts with it.
 */
export interface Sandbox {
  readonly rung: Rung;
  /** What it can run on, the cheapest first. */
  readonly rootfs: readonly RootfsKind[];
  /** Whether a RUN can look into the processes of another one that runs at the same time, and so at its secrets. */
  readonly sharesProcesses: boolean;
  /**
   * Of a rung that cannot mount: puts /dev and the spec's mounts into the rootfs. Disposing takes them out again, and has
   * to happen before anything else than run() uses the rootfs or the mounts' sources. run() does it by itself when the
   * caller did not.
   */
  place?(spec: RunSpec): PlacedRun;
  /** @throws VarveError `SANDBOX_*` when the sandbox itself fails; a command's failure is its exit code. */
  run(spec: RunSpec, io: RunIo): Promise<RunResult>;
}

/** See {@link Sandbox.place}. */
export interface PlacedRun extends Disposable {
  /** What is less than the Dockerfile asks for, sentences. */
  readonly warnings: readonly string[];
  /** Where what was at a mount's target lies meanwhile, when that is in the rootfs: absolute, not the command's to change. */
  readonly asides: readonly BytePath[];
  /**
   * Says whether what was placed is where it was, when the command has ended: elsewhere it would be taken for the command's.
   * @throws VarveError `SANDBOX_MOUNT`
   */
  verify(): void;
}

export interface RungReport {
  readonly rung: Rung;
  readonly works: boolean;
  /** Why not, or what it uses (`runc 1.1.5`), for people. */
  readonly detail: string;
}
