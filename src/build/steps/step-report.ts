import type { StepRecord } from '../cache/records.ts';
import type { Services } from '../services.ts';
import type { ExecutedStep } from './execute-step.ts';
import type { KeyedStage } from './step-graph.ts';

/** Tells progress of one step: either hit(), or run() which brackets the work. */
export interface StepReport {
  hit(record: StepRecord, detail?: string): void;
  run(work: (id: string) => Promise<ExecutedStep>): Promise<StepRecord>;
}

export function reportStep(
  { progress, clock, signal }: Pick<Services, 'progress' | 'clock' | 'signal'>,
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
    status: 'hit' | 'done' | 'failed' | 'canceled',
    since: number,
    more: { readonly detail?: string | undefined; readonly savedMs?: number; readonly frames?: ExecutedStep['frames'] },
  ): void => {
    const { detail, ...known } = more;
    progress({
      type: 'step-end',
      id,
      status,
      durationMs: clock.monotonic() - since,
      time: clock.now(),
      ...(detail === undefined ? {} : { detail }),
      ...known,
    });
  };
  return {
    hit({ durationMs }, detail) {
      start();
      end('hit', started, { detail, savedMs: durationMs });
    },
    async run(work) {
      start();
      const since = clock.monotonic();
      try {
        const { record, frames } = await work(id);
        end('done', since, { frames });
        return record;
      } catch (error) {
        // The one that failed first is the reason for the others' end.
        end(signal.aborted ? 'canceled' : 'failed', since, { detail: (error as Error).message });
        throw error;
      }
    },
  };
}
