import type { TargetOutcome } from '../../build/build-many.ts';
import type { BuildRecord } from '../../build/explain/build-record.ts';
import { topOf } from '../../build/images/build-result.ts';
import type { TargetTotals } from '../../build/progress.ts';
import type { LinkedOutcome } from '../../build/run-linked.ts';

/** What became of each target, how many of its steps hit and ran, and its digest. */
export function bakeSummary(
  outcomes: ReadonlyMap<string, TargetOutcome>,
  records: ReadonlyMap<string, BuildRecord>,
): TargetTotals[] {
  return [...outcomes].map(([name, outcome]) => {
    const steps = records.get(name)?.steps ?? [];
    const hits = steps.filter(({ status }) => status === 'hit').length;
    const done = steps.filter(({ status }) => status === 'miss').length;
    return targetTotals({ name, hits, done }, outcome, (result) => topOf(result).descriptor.digest);
  });
}

/** The same of one target, wherever it was built. */
export function targetTotals<T>(
  { name, hits, done }: Pick<TargetTotals, 'name' | 'hits' | 'done'>,
  outcome: LinkedOutcome<T>,
  digestOf: (result: T) => string,
): TargetTotals {
  if (outcome.status === 'built')
    return { name, status: done ? 'built' : 'hit', hits, done, digest: digestOf(outcome.result) };
  const why = outcome.status === 'failed' ? (outcome.error as Error).message : outcome.because;
  return { name, status: outcome.status, hits, done, because: why.split('\n', 1)[0] ?? '' };
}
