import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { VarveError } from '../../errors.ts';
import { type BenchMode, type BenchSeries, type HistoryRow, historyRowSchema, seriesName } from './bench-row.ts';
import type { BenchBuilder } from './builders/bench-builder.ts';
import { type BenchRun, measuredText, ofBuilder, startBuild } from './measure-build.ts';
import { appendRow, readRows } from './rows-file.ts';

const run = promisify(execFile);

export interface HistoryBench extends BenchRun {
  /** Absolute. */
  readonly repo: string;
  readonly ref: string;
  readonly commits: number;
  readonly modes: readonly BenchMode[];
  /** In each commit. */
  readonly context: string;
  readonly file: string | undefined;
}

interface Commit {
  readonly id: string;
  readonly subject: string;
  readonly index: number;
}

/**
 * Builds commits one after the other, oldest first, in each mode. What was measured is in `work`/rows.jsonl at once: a
 * benchmark that was ended goes on there.
 * @returns all rows, by mode and commit
 * @throws VarveError `USAGE` for a repository or ref that is none, and for a `work` of another benchmark
 */
export async function benchHistory(bench: HistoryBench): Promise<HistoryRow[]> {
  mkdirSync(bench.work, { recursive: true });
  const commits = await commitsOf(bench);
  const path = join(bench.work, 'rows.jsonl');
  const input = createHash('sha256')
    .update(JSON.stringify([bench.context, bench.file, bench.buildArgs]))
    .digest('hex');
  const known = readRows(path, historyRowSchema);
  // Its stores are warm from other builds than these.
  if (known.some((row) => row.input !== input))
    throw new VarveError(
      'USAGE',
      `--work ${bench.work} has a benchmark of another context, Dockerfile or build flags`,
      {
        hint: 'go on with the same ones, or give another directory',
        exitCode: 2,
      },
    );
  const rows: HistoryRow[] = [];
  for (const mode of bench.modes) {
    // One after the other on each commit, so that what else the machine does meets all builders alike.
    for (const commit of commits)
      for (const builder of bench.builders) {
        bench.signal.throwIfAborted();
        const old = known.find((row) => row.mode === mode && row.commit === commit.id && row.builder === builder.name);
        const row = old ?? { ...(await measure(bench, builder, mode, commit)), input };
        if (!old) {
          appendRow(path, row);
          const name = ofBuilder(mode, builder);
          bench.note(`${name} ${commit.index + 1}/${commits.length} ${commit.id.slice(0, 12)} ${measuredText(row)}`);
        }
        rows.push({ ...row, index: commit.index });
      }
  }
  return rows;
}

/** The builds of each mode. */
export function historySeries(rows: readonly HistoryRow[]): BenchSeries[] {
  return [...Map.groupBy(rows, ({ mode, builder }) => seriesName(mode, builder))].map(([name, own]) => ({
    name,
    builder: own[0]!.builder,
    given: own[0]!.mode,
    points: own.map((row) => ({ ...row, label: row.commit.slice(0, 12), detail: row.subject })),
  }));
}

async function commitsOf({ repo, ref, commits, signal }: HistoryBench): Promise<Commit[]> {
  const args = ['-C', repo, 'log', '--first-parent', `--max-count=${commits}`, '--reverse', '--format=%H %s'];
  try {
    const { stdout } = await run('git', [...args, '--end-of-options', ref, '--'], { signal });
    return stdout
      .trimEnd()
      .split('\n')
      .map((line, index) => ({
        id: line.slice(0, line.indexOf(' ')),
        subject: line.slice(line.indexOf(' ') + 1),
        index,
      }));
  } catch (error) {
    throw new VarveError('USAGE', `bench history: the commits of ${ref} in ${repo} cannot be listed`, {
      hint: String((error as { stderr?: string }).stderr ?? error).trim(),
      exitCode: 2,
      cause: error,
    });
  }
}

async function measure(
  bench: HistoryBench,
  builder: BenchBuilder,
  mode: BenchMode,
  commit: Commit,
): Promise<Omit<HistoryRow, 'input'>> {
  const name = ofBuilder(mode, builder);
  const place = join(bench.work, name);
  // A CI job begins with a new clone, whose files are all new, and with an empty store.
  await startBuild(builder, place, mode);
  const checkout = join(place, 'checkout');
  await checkOut(bench, checkout, commit.id);
  const measured = await builder.build({
    place,
    mode,
    context: join(checkout, bench.context),
    file: bench.file === undefined ? undefined : join(checkout, bench.file),
    args: [],
    log: join(bench.work, 'logs', `${name}-${commit.id}.log`),
  });
  const { id, subject, index } = commit;
  return { builder: builder.name, mode, commit: id, subject, index, ...measured };
}

/** The repository is read and never written to: the checkout is a clone that shares its objects. */
async function checkOut({ repo, signal }: HistoryBench, checkout: string, commit: string): Promise<void> {
  if (!existsSync(checkout))
    await run('git', ['clone', '--quiet', '--shared', '--no-checkout', '--', repo, checkout], { signal });
  const git = (...args: string[]) =>
    run('git', ['-C', checkout, '-c', 'advice.detachedHead=false', ...args], { signal });
  await git('checkout', '--quiet', '--force', '--detach', commit);
  await git('clean', '-ffdxq');
}
