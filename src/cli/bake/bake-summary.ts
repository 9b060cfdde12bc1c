import type { TargetOutcome } from '../../build/build-many.ts';
import type { BuildRecord } from '../../build/explain/build-record.ts';
import { topOf } from '../../build/images/build-result.ts';
import { textTable } from '../text-table.ts';

/** A line for each target: what became of it, how many of its steps hit and ran, and its digest. */
export function bakeSummary(
  outcomes: ReadonlyMap<string, TargetOutcome>,
  records: ReadonlyMap<string, BuildRecord>,
): string {
  const rows = [...outcomes].map(([name, outcome]) => {
    const steps = records.get(name)?.steps ?? [];
    const hits = steps.filter(({ status }) => status === 'hit').length;
    const runs = steps.filter(({ status }) => status === 'miss').length;
    const counts = steps.length ? `${hits} hit, ${runs} run` : '';
    if (outcome.status === 'built')
      return [name, runs ? 'built' : 'hit', counts, topOf(outcome.result).descriptor.digest];
    const why = outcome.status === 'failed' ? (outcome.error as Error).message : outcome.because;
    return [name, outcome.status, counts, why.split('\n', 1)[0] ?? ''];
  });
  return textTable(rows);
}
