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
      readonly status: 'hit' | 'done' | 'failed';
      readonly durationMs: number;
      readonly detail?: string;
      /** Of a layer that was made: how much of it was compressed and how much was copied from earlier layers. */
      readonly frames?: { readonly compressed: number; readonly reused: number; readonly bytes: number };
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
  | { readonly type: 'message'; readonly level: 'info' | 'warning'; readonly text: string; readonly time: number };

/** Takes every event. */
export type Progress = (event: ProgressEvent) => void;
