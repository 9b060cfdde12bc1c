/** A heredoc as the text has it. */
export interface NodeHeredoc {
  readonly name: string;
  readonly content: string;
  /** False when any part of the marker was quoted. */
  readonly expand: boolean;
  /** `<<-`: leading tabs are to go; they are still in `content`. */
  readonly chomp: boolean;
  readonly fileDescriptor: number;
}

/**
 * An instruction before its meaning is looked at; what BuildKit's parser calls a node. The s-expressions of BuildKit's
 * own tests are made from these.
 */
export interface DockerfileNode {
  /** As written, so in any letter case. */
  readonly name: string;
  /** Leading `--words`, quotes removed. */
  readonly flags: readonly string[];
  /** Depends on the instruction: words, the raw rest of the line, or triples of name, value and `=`. */
  readonly args: readonly string[];
  /** Whether the arguments were a JSON array. */
  readonly json: boolean;
  /** Continuation lines joined. */
  readonly original: string;
  readonly heredocs: readonly NodeHeredoc[];
  /** First and last line, from 1; heredocs belong to it. */
  readonly start: number;
  readonly end: number;
  /** Comment lines right above, without the `#`. */
  readonly comments: readonly string[];
  /** What ONBUILD is about. */
  readonly child?: DockerfileNode;
}

export interface NodeWarning {
  readonly message: string;
  readonly line: number;
}

export interface NodeList {
  readonly nodes: readonly DockerfileNode[];
  readonly warnings: readonly NodeWarning[];
  /** `\` or a backtick. */
  readonly escape: string;
}
