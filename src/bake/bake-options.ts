import type { DefinitionOptions } from './definitions.ts';

/** A file of targets: HCL, HCL's JSON or a compose file. */
export interface BakeFile {
  readonly name: string;
  readonly text: string;
}

export interface Group {
  readonly description?: string;
  readonly targets: readonly string[];
}

export interface BakeOptions extends DefinitionOptions {
  /** For compose files: all of it, `.env` included. */
  readonly environment: Readonly<Record<string, string>>;
  /** A file that a compose file names; undefined when it is not there. */
  readFile(path: string): string | undefined;
}
