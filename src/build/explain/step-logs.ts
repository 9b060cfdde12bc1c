import type { Catalog } from '../../cas/catalog.ts';
import type { BuildRecord } from './build-record.ts';
import { readText } from './history-lines.ts';
import { logRow } from './log-rows.ts';

/** What a step's command wrote, and in which build: one that hit has it from the build that did it. */
export interface StepLog {
  readonly build: string;
  readonly step: string;
  readonly text: string;
}

/**
 * What a step of a build wrote, there or, for a hit, in the newest earlier build that did it.
 * @param builds newest first
 * @returns undefined when nothing is kept
 */
export async function findLog(
  build: BuildRecord,
  step: BuildRecord['steps'][number],
  { builds, catalog }: { readonly builds: readonly BuildRecord[]; readonly catalog: Catalog },
): Promise<StepLog | undefined> {
  const own = await readLog(catalog, build.id, step.id);
  if (own !== undefined || step.status !== 'hit') return own;
  for (const earlier of builds) {
    if (earlier.started >= build.started) continue;
    const same = earlier.steps.find(({ key, status }) => key === step.key && status === 'miss');
    const log = same && (await readLog(catalog, earlier.id, same.id));
    if (log) return log;
  }
  return undefined;
}

async function readLog(catalog: Catalog, build: string, step: string): Promise<StepLog | undefined> {
  const text = readText(await catalog.get('history', logRow(build, step)));
  return text === undefined ? undefined : { build, step, text };
}
