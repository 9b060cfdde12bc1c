import type { StepRecord } from '../cache/records.ts';
import type { RecordedStep, Refusal } from '../explain/build-record.ts';
import type { KeyedStep } from './step-graph.ts';
import type { KeyedSource, Taken } from './step-inputs.ts';

/** How one step came out. */
export interface StepOutcome extends Pick<RecordedStep, 'status' | 'by' | 'from' | 'refusal'> {
  readonly record?: StepRecord;
}

/** How the steps of one build came out, as they do. */
export interface StepOutcomes {
  hit(step: KeyedStep, by: NonNullable<RecordedStep['by']>, from: string | undefined, record: StepRecord): void;
  /** No record counts; the step is about to be done. */
  missed(step: KeyedStep, refusal: Refusal | undefined): void;
  done(step: KeyedStep, record: StepRecord): void;
  failed(step: KeyedStep): void;
  /** Nothing is done here, and a build would do it. */
  due(step: KeyedStep): void;
  /** What a step takes from one of its sources, where somebody had to know. */
  took(source: KeyedSource, taken: Taken): void;
  taken(source: KeyedSource): Taken | undefined;
  /** What became of a step; `not-run` when nobody needed it, or it did not end. */
  of(step: KeyedStep): StepOutcome;
}

export function createStepOutcomes(): StepOutcomes {
  const outcomes = new Map<KeyedStep, StepOutcome>();
  const refusals = new Map<KeyedStep, Refusal>();
  const takings = new Map<KeyedSource, Taken>();
  const refusal = (step: KeyedStep) => {
    const found = refusals.get(step);
    return found === undefined ? {} : { refusal: found };
  };
  return {
    hit(step, by, from, record) {
      outcomes.set(step, { status: 'hit', by, record, ...(from === undefined ? {} : { from }) });
    },
    missed(step, why) {
      if (why !== undefined) refusals.set(step, why);
    },
    done(step, record) {
      outcomes.set(step, { status: 'miss', record, ...refusal(step) });
    },
    failed(step) {
      outcomes.set(step, { status: 'failed', ...refusal(step) });
    },
    due(step) {
      outcomes.set(step, { status: 'miss', ...refusal(step) });
    },
    took: (source, taken) => void takings.set(source, taken),
    taken: (source) => takings.get(source),
    of: (step) => outcomes.get(step) ?? { status: 'not-run' },
  };
}
