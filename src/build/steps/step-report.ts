import type { StepRecord } from '../cache/records.ts';
import type { Services } from '../services.ts';
import type { ExecutedStep } from './execute-step.ts';
import type { KeyedStage } from './step-graph.ts';

/** Tells progress of one step: either hit(), or run() which brackets the work. */
export interface StepReport {
  hit(detail?: string): void;
  run(work: (id: string) => Promise<ExecutedStep>): Promise<StepRecord>;
}

export function reportStep(
  { progress, clock }: Pick<Services, 'progress' | 'clock'>,
  stage: KeyedStage,
  index: number,
): StepReport {
  const id = `${stage.dispatched.id}.${index + 1}`;
  const started = clock.monotonic();
  const title = stage.steps[index]?.step.title ?? '';
  const start = (): void =>
    progress({
      type: 'step-start',
      id,
      title,
      stage: `${stage.dispatched.label} ${index + 1}/${stage.steps.length}`,
      time: clock.now(),
    });
  const end = (
    status: 'hit' | 'done' | 'failed',
    since: number,
    detail?: string,
    frames?: ExecutedStep['frames'],
  ): void =>
    progress({
      type: 'step-end',
      id,
      status,
      durationMs: clock.monotonic() - since,
      time: clock.now(),
      ...(detail === undefined ? {} : { detail }),
      ...(frames === undefined ? {} : { frames }),
    });
  return {
    hit(detail) {
      start();
      end('hit', started, detail);
    },
    async run(work) {
      start();
      const since = clock.monotonic();
      try {
        const { record, frames } = await work(id);
        end('done', since, undefined, frames);
        return record;
      } catch (error) {
        end('failed', since, (error as Error).message);
        throw error;
      }
    },
  };
}
