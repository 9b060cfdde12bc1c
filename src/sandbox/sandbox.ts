import type { BytePath } from '../io/byte-path.ts';

export type Rung = 'oci' | 'namespaces';

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
  | { readonly type: 'bind'; readonly source: string; readonly target: BytePath; readonly readonly: boolean }
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

export interface RunSpec {
  readonly rootfs: OverlayRootfs | PlainRootfs;
  /** argv as bytes of text; argv[0] is looked up in the environment's PATH inside the rootfs when it has no slash. */
  readonly argv: readonly string[];
  /** The whole environment, `K=V`. */
  readonly env: readonly string[];
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
  /** @throws VarveError `SANDBOX_*` when the sandbox itself fails; a command's failure is its exit code. */
  run(spec: RunSpec, io: RunIo): Promise<RunResult>;
}

export interface RungReport {
  readonly rung: Rung;
  readonly works: boolean;
  /** Why not, or what it uses (`runc 1.1.5`), for people. */
  readonly detail: string;
}
