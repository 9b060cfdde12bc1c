import type { SourceLocation } from '../errors.ts';

/** What `# key=value` lines at the top of a Dockerfile say. */
export interface Directives {
  readonly syntax?: string;
  /** `\` or a backtick. */
  readonly escape: string;
  /** The raw text of `check=`. */
  readonly check?: string;
}

export interface Dockerfile {
  /** As errors name it. */
  readonly file: string;
  readonly directives: Directives;
  /** ARG instructions before the first FROM. */
  readonly globals: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
}

export interface Stage {
  readonly from: FromInstruction;
  /** Lower-case, when `AS name` is given. */
  readonly name?: string;
  readonly instructions: readonly StageInstruction[];
}

interface Located {
  readonly location: SourceLocation;
  /** The instruction's text as BuildKit's history has it: continuation lines joined, flags included. */
  readonly original: string;
  /** Comment lines right above, without the `#`: what `# check=skip=…` and descriptions are read from. */
  readonly comments?: readonly string[];
}

/** `<<EOF` with its body; the leading tabs are gone when it is `<<-EOF`. */
export interface Heredoc {
  readonly name: string;
  readonly content: string;
  /** False when the delimiter was quoted. */
  readonly expand: boolean;
  readonly fileDescriptor: number;
}

/** A shell form is one string; an exec form is a list. */
export type CommandLine =
  | { readonly form: 'shell'; readonly script: string }
  | { readonly form: 'exec'; readonly argv: readonly string[] };

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export interface FromInstruction extends Located {
  readonly kind: 'from';
  readonly image: string;
  readonly platform?: string;
  /** As written. */
  readonly as?: string;
  /** From a comment `# name description` right above. */
  readonly doc?: string;
}
export interface ArgInstruction extends Located {
  readonly kind: 'arg';
  /** `doc` is from a comment `# key description` right above. */
  readonly args: readonly { readonly key: string; readonly value?: string; readonly doc?: string }[];
}
export interface EnvInstruction extends Located {
  readonly kind: 'env';
  readonly pairs: readonly KeyValue[];
  /** Written as `name value`, without `=`. */
  readonly legacy?: true;
}
export interface LabelInstruction extends Located {
  readonly kind: 'label';
  readonly pairs: readonly KeyValue[];
  /** Written as `name value`, without `=`. */
  readonly legacy?: true;
}
export interface RunInstruction extends Located {
  readonly kind: 'run';
  readonly command: CommandLine;
  readonly heredocs: readonly Heredoc[];
  /** Values of --mount, not yet expanded. */
  readonly mounts: readonly string[];
  readonly network?: string;
  readonly security?: string;
  readonly devices: readonly string[];
}
interface Transfer extends Located {
  /** Not yet expanded; without heredocs. */
  readonly sources: readonly string[];
  /** The heredocs that stand among the sources, in order. */
  readonly heredocs: readonly Heredoc[];
  readonly dest: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly link: boolean;
  readonly exclude: readonly string[];
}
export interface CopyInstruction extends Transfer {
  readonly kind: 'copy';
  readonly from?: string;
  readonly parents: boolean;
}
export interface AddInstruction extends Transfer {
  readonly kind: 'add';
  readonly checksum?: string;
  readonly keepGitDir?: boolean;
  readonly unpack?: boolean;
}
export interface CmdInstruction extends Located {
  readonly kind: 'cmd';
  readonly command: CommandLine;
}
export interface EntrypointInstruction extends Located {
  readonly kind: 'entrypoint';
  readonly command: CommandLine;
}
export interface ShellInstruction extends Located {
  readonly kind: 'shell';
  readonly shell: readonly string[];
}
export interface ExposeInstruction extends Located {
  readonly kind: 'expose';
  readonly ports: readonly string[];
}
export interface VolumeInstruction extends Located {
  readonly kind: 'volume';
  readonly paths: readonly string[];
}
export interface UserInstruction extends Located {
  readonly kind: 'user';
  readonly user: string;
}
export interface WorkdirInstruction extends Located {
  readonly kind: 'workdir';
  readonly path: string;
}
export interface StopsignalInstruction extends Located {
  readonly kind: 'stopsignal';
  readonly signal: string;
}
export interface MaintainerInstruction extends Located {
  readonly kind: 'maintainer';
  readonly maintainer: string;
}
export interface HealthcheckInstruction extends Located {
  readonly kind: 'healthcheck';
  /** Docker's Test list: ['NONE'], ['CMD', …] or ['CMD-SHELL', script]. */
  readonly test: readonly string[];
  /** Nanoseconds; 0 when not given. */
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}
export interface OnbuildInstruction extends Located {
  readonly kind: 'onbuild';
  /** The trigger's text as the config's OnBuild has it; checked to parse. */
  readonly trigger: string;
}

export type StageInstruction =
  | ArgInstruction
  | EnvInstruction
  | LabelInstruction
  | RunInstruction
  | CopyInstruction
  | AddInstruction
  | CmdInstruction
  | EntrypointInstruction
  | ShellInstruction
  | ExposeInstruction
  | VolumeInstruction
  | UserInstruction
  | WorkdirInstruction
  | StopsignalInstruction
  | MaintainerInstruction
  | HealthcheckInstruction
  | OnbuildInstruction;

export type Instruction = FromInstruction | StageInstruction;
