import type { SourceLocation } from '../errors.ts';
import type { Platform } from '../oci/platform.ts';
import type { Rlimit } from '../sandbox/sandbox.ts';
import type { ExtraHost } from '../sandbox/write-etc-files.ts';
import type { NetworkMode } from './run-settings.ts';

/** A stage, image or named context that a step reads files from; resolved by the planner. */
export type SourceRef =
  | { readonly kind: 'context' }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'stage'; readonly index: number }
  /** `platform` is the target's, whatever the stage's is, as in BuildKit. */
  | { readonly kind: 'image'; readonly reference: string; readonly platform: Platform };

interface StepBase {
  readonly location: SourceLocation;
  /** The instruction as people read it in progress: its source text on one line. */
  readonly title: string;
  readonly platform: Platform;
}

export interface RunStep extends StepBase {
  readonly kind: 'run';
  /** After SHELL. */
  readonly argv: readonly string[];
  /** ENV and declared ARGs; PATH is among them, HOME may not be. */
  readonly env: readonly string[];
  /** Given to the command, in no key. */
  readonly unkeyedEnv: readonly string[];
  readonly user: string;
  readonly cwd: string;
  readonly network: NetworkMode;
  readonly security: 'sandbox' | 'insecure';
  readonly hostname: string;
  readonly extraHosts: readonly ExtraHost[];
  readonly rlimits: readonly Rlimit[];
  /** Of /dev/shm; undefined is the sandbox's own. */
  readonly shmSizeBytes?: number;
  readonly mounts: readonly RunMount[];
  /** Heredoc files, as /dev/pipes/NAME. */
  readonly pipes: readonly { readonly name: string; readonly content: string }[];
}

/** One --mount, checked and expanded. Targets are absolute. */
export type RunMount =
  | {
      readonly type: 'bind';
      readonly from: SourceRef;
      readonly source: string;
      readonly target: string;
      readonly writable: boolean;
    }
  | {
      readonly type: 'cache';
      readonly id: string;
      readonly target: string;
      readonly sharing: 'shared' | 'private' | 'locked';
      readonly from?: SourceRef;
      readonly source: string;
      readonly readonly: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly type: 'tmpfs'; readonly target: string; readonly readonly: boolean; readonly sizeBytes?: number }
  | {
      readonly type: 'secret';
      readonly id: string;
      /** Undefined when only `env` is asked for. */
      readonly target?: string;
      readonly env?: string;
      readonly required: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | {
      readonly type: 'ssh';
      readonly id: string;
      readonly target: string;
      readonly required: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    };

export interface TransferStep extends StepBase {
  readonly kind: 'copy' | 'add';
  readonly from: SourceRef;
  /** Expanded words. */
  readonly sources: readonly string[];
  readonly heredocs: readonly { readonly name: string; readonly content: string }[];
  readonly dest: string;
  readonly workdir: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly link: boolean;
  readonly parents: boolean;
  readonly exclude: readonly string[];
  /** ADD only. */
  readonly checksum?: string;
  readonly unpack?: boolean;
  readonly keepGitDir?: boolean;
}

export interface WorkdirStep extends StepBase {
  readonly kind: 'workdir';
  readonly path: string;
  readonly user: string;
}

/** A filesystem-changing instruction with everything that it depends on. */
export type Step = RunStep | TransferStep | WorkdirStep;
