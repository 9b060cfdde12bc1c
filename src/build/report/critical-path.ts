import type { BuildRecord, RecordedStep } from '../explain/build-record.ts';

/**
 * The steps that the build's length is made of: from the one that ended last, back along what each waited for longest.
 * @returns their ids, first to last
 */
export function criticalPath({ steps }: Pick<BuildRecord, 'steps'>): string[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const end = (step: RecordedStep): number => (step.time ? step.time.startMs + step.time.durationMs : 0);
  const latest = (some: readonly RecordedStep[]): RecordedStep | undefined =>
    some.reduce<RecordedStep | undefined>((best, step) => (!best || end(step) > end(best) ? step : best), undefined);
  const path: string[] = [];
  let at = latest(steps.filter(({ time }) => time));
  while (at && !path.includes(at.id)) {
    path.unshift(at.id);
    const above = [at.parent, ...at.sources].flatMap(({ step }) => (step === undefined ? [] : (byId.get(step) ?? [])));
    at = latest(above.filter(({ time }) => time));
  }
  return path;
}
