/** What happens in a build, in order. The CLI prints it; nothing in `build` does. Times are ms of the build's clock. */
export type ProgressEvent =
  | {
      readonly type: 'step-start';
      readonly id: string;
      readonly title: string;
      readonly stage: string;
      readonly time: number;
    }
  | {
      readonly type: 'step-log';
      readonly id: string;
      readonly stream: 'stdout' | 'stderr';
      readonly data: Buffer;
      readonly time: number;
    }
  | {
      readonly type: 'step-end';
      readonly id: string;
      /** `canceled`: it ended because something else failed. */
      readonly status: 'hit' | 'done' | 'failed' | 'canceled';
      readonly durationMs: number;
      readonly detail?: string;
      /** Of a hit: what making it took. */
      readonly savedMs?: number;
      /** Of a layer that was made: how much of it was compressed and how much was copied from earlier layers. */
      readonly frames?: { readonly compressed: number; readonly reused: number; readonly bytes: number };
      readonly time: number;
    }
  /** A blob that comes from or goes to a registry. */
  | {
      readonly type: 'transfer';
      /** Its own in the process. */
      readonly id: string;
      readonly state: 'started' | 'moving' | 'done' | 'failed';
      readonly direction: 'receive' | 'send';
      readonly digest: string;
      /** `registry/repository` */
      readonly place: string;
      /** How many of `size` have gone. */
      readonly bytes: number;
      readonly size: number;
      readonly durationMs: number;
      readonly time: number;
    }
  /** At the end: what a context directory cost. A file that did not change since the last build is not opened. */
  | {
      readonly type: 'context-read';
      /** A named context's name; empty for the build context. */
      readonly context: string;
      readonly listed: number;
      readonly stats: number;
      readonly opened: number;
      readonly hashedBytes: number;
      readonly time: number;
    }
  | {
      readonly type: 'message';
      readonly level: 'info' | 'warning' | 'debug';
      readonly text: string;
      readonly time: number;
    }
  /** Of a bake: what became of its targets, when all have ended. */
  | { readonly type: 'bake-end'; readonly targets: readonly TargetTotals[]; readonly time: number }
  /** The last one, when all images have left or something failed. */
  | ({ readonly type: 'build-end'; readonly time: number } & BuildTotals);

/** What one target of a bake came to. */
export interface TargetTotals {
  readonly name: string;
  /** `hit`: it was built, and no step ran. */
  readonly status: 'built' | 'hit' | 'failed' | 'skipped';
  readonly hits: number;
  /** Steps that were done. */
  readonly done: number;
  /** Of the image or index, when there is one. */
  readonly digest?: string;
  /** The first line of the error, or why it was skipped. */
  readonly because?: string;
}

/** What a build came to. */
export interface BuildTotals {
  readonly result: 'done' | 'failed';
  readonly durationMs: number;
  readonly hits: number;
  /** What the hits took when they were made. */
  readonly savedMs: number;
  /** Steps that were done in this build. */
  readonly done: number;
  readonly failed: number;
  /** Bytes of blobs from and to registries and caches. */
  readonly received: number;
  readonly sent: number;
}

/** Takes every event. */
export type Progress = (event: ProgressEvent) => void;
