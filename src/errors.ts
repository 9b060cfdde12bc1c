/** Where in a Dockerfile something was found. Lines count from 1 and are inclusive. */
export interface SourceLocation {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

export interface VarveErrorOptions {
  /** What the user can do about it, one sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
  readonly location?: SourceLocation;
  /** The whole text that the location is in. */
  readonly source?: string;
  /** The last lines that a failing command wrote. */
  readonly output?: string;
  /** Process exit code: 1 build failed (default), 2 usage, or a failing RUN's own code. */
  readonly exitCode?: number;
}

/**
 * The one error class for everything a user can cause or meet. `code` is stable and upper-case
 * (`USAGE`, `DOCKERFILE_SYNTAX`, `REGISTRY_AUTH`, …); programmers' mistakes are plain `Error`s.
 */
export class VarveError extends Error {
  override readonly name = 'VarveError';
  readonly code: string;
  readonly hint: string | undefined;
  readonly output: string | undefined;
  readonly location: SourceLocation | undefined;
  readonly source: string | undefined;
  readonly exitCode: number;

  constructor(code: string, message: string, options: VarveErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.output = options.output;
    this.location = options.location;
    this.source = options.source;
    this.exitCode = options.exitCode ?? 1;
  }

  /** The same error at a place in a Dockerfile, unless it has one already. */
  at(location: SourceLocation): VarveError {
    return this.location ? this : new VarveError(this.code, this.message, { ...this.options(), location });
  }

  /** The same error with the text that its location is in, unless it has one already. */
  withSource(source: string): VarveError {
    return this.source === undefined ? new VarveError(this.code, this.message, { ...this.options(), source }) : this;
  }

  /** The same error with something said before its message. */
  prefixed(prefix: string): VarveError {
    return new VarveError(this.code, prefix + this.message, this.options());
  }

  private options(): VarveErrorOptions {
    const { hint, output, cause, location, source, exitCode } = this;
    return {
      ...(hint === undefined ? {} : { hint }),
      ...(output === undefined ? {} : { output }),
      cause,
      ...(location ? { location } : {}),
      ...(source === undefined ? {} : { source }),
      exitCode,
    };
  }
}
