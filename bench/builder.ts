import type { Command } from './measure.ts';

export interface BuildTask {
  readonly dockerfile: string;
  readonly context: string;
  /** The image's name, with the registry it is pushed to when `push` is set. */
  readonly name: string;
  readonly push: boolean;
  /** A repository to read cached steps from, and to write them to. */
  readonly cache?: { readonly repository: string; readonly write: boolean };
  /** Where the builder keeps its state: what is in another state directory doesn't exist for it. */
  readonly state: string;
}

/** A program that builds images. */
export interface Builder {
  readonly name: string;
  version(): Promise<string>;
  build(task: BuildTask): Command;
}
