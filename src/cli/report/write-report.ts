import { writeFile } from 'node:fs/promises';
import type { BuildRecord } from '../../build/explain/build-record.ts';
import { gatherReport } from '../../build/report/build-report.ts';
import { buildPage } from './build-page.ts';

/**
 * Writes the page about a build.
 * @param path `-` is standard output
 * @param builds newest first
 */
export async function writeReport(
  path: string,
  build: BuildRecord,
  builds: readonly BuildRecord[],
  known: Parameters<typeof gatherReport>[2],
): Promise<void> {
  const text = buildPage(await gatherReport(build, builds, known));
  if (path === '-') process.stdout.write(text);
  else await writeFile(path, text);
}
