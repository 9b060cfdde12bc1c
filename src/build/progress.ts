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
      readonly time: number;
    }
  | { readonly type: 'message'; readonly level: 'info' | 'warning'; readonly text: string; readonly time: number };

/** Takes every event. */
export type Progress = (event: ProgressEvent) => void;
