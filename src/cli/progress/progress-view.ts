import type { Progress } from '../../build/progress.ts';

/** Where progress is shown. end() comes before anything else is written there. */
export interface ProgressView {
  readonly progress: Progress;
  end(): void;
}
