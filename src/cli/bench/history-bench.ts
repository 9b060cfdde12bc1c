import { execFile, spawn } from 'node:child_process';
import { appendFileSync, createWriteStream, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { type Metrics, metricsSchema } from '../../build/explain/metrics.ts';
import { VarveError } from '../../errors.ts';
import { type BenchMode, type BenchRow, benchRowSchema } from './bench-row.ts';

const run = promisify(execFile);

export interface HistoryBench {
  /** Absolute paths. */
  readonly repo: string;
  readonly work: string;
  readonly ref: string;
  readonly commits: number;
  readonly modes: readonly BenchMode[];
  /** In each commit. */
  readonly context: string;
  readonly file: string | undefined;
  /** More arguments of varve build. */
  readonly buildArgs: readonly string[];
  /** This program: what is run with `build` after it. */
  readonly varve: readonly [program: string, ...args: string[]];
  readonly signal: AbortSignal;
  note(text: string): void;
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
 * @throws VarveError `USAGE` for a repository or ref that is none
 */
export async function benchHistory(bench: HistoryBench): Promise<BenchRow[]> {
  mkdirSync(join(bench.work, 'logs'), { recursive: true });
  const commits = await commitsOf(bench);
  const path = join(bench.work, 'rows.jsonl');
  const known = readRows(path);
  const rows: BenchRow[] = [];
  for (const mode of bench.modes) {
    for (const commit of commits) {
      bench.signal.throwIfAborted();
      const old = known.find((row) => row.mode === mode && row.commit === commit.id);
      const row = old ?? (await measure(bench, mode, commit));
      if (!old) {
        appendFileSync(path, `${JSON.stringify(row)}\n`);
        const took = `${(row.wallMs / 1000).toFixed(1)}s, ${row.hits} hits, ${row.misses} misses`;
        bench.note(`${mode} ${commit.index + 1}/${commits.length} ${commit.id.slice(0, 12)} ${row.result} ${took}`);
      }
      rows.push({ ...row, index: commit.index });
    }
  }
  return rows;
}

/** A row that was cut off when the benchmark was killed is measured again. */
function readRows(path: string): BenchRow[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return benchRowSchema.parse(JSON.parse(line));
      } catch {
        return [];
      }
    });
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

async function measure(bench: HistoryBench, mode: BenchMode, commit: Commit): Promise<BenchRow> {
  const place = join(bench.work, mode);
  // A CI job begins with a new clone, whose files are all new, and with an empty store.
  if (mode !== 'warm')
    for (const name of ['store', 'checkout']) rmSync(join(place, name), { recursive: true, force: true });
  const checkout = join(place, 'checkout');
  await checkOut(bench, checkout, commit.id);
  const metricsFile = join(place, 'metrics.json');
  rmSync(metricsFile, { force: true });
  const cache = join(place, 'cache');
  const args = [
    ...['build', '--progress', 'plain', '--store', join(place, 'store'), '--metrics-file', metricsFile],
    ...['--output', 'type=cacheonly'],
    ...(mode === 'ci' ? ['--cache-to', `type=local,dest=${cache},mode=max`] : []),
    ...(mode === 'ci' && existsSync(cache) ? ['--cache-from', `type=local,src=${cache}`] : []),
    ...(bench.file === undefined ? [] : ['--file', join(checkout, bench.file)]),
    ...bench.buildArgs,
    join(checkout, bench.context),
  ];
  const log = createWriteStream(join(bench.work, 'logs', `${mode}-${commit.id}.log`));
  const started = performance.now();
  const [program, ...first] = bench.varve;
  const child = spawn(program, [...first, ...args], { stdio: ['ignore', 'pipe', 'pipe'], signal: bench.signal });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const wallMs = Math.round(performance.now() - started);
  await finished(log.end());
  bench.signal.throwIfAborted();
  const metrics = existsSync(metricsFile)
    ? metricsSchema.parse(JSON.parse(readFileSync(metricsFile, 'utf8')))
    : undefined;
  const { id, subject, index } = commit;
  return { mode, commit: id, subject, index, result: code === 0 ? 'done' : 'failed', wallMs, ...figures(metrics) };
}

function figures(metrics: Metrics | undefined) {
  const { hits = 0, misses = 0, reasons = {}, savedMs = 0, bytes } = metrics?.total ?? {};
  const missed = (metrics?.steps ?? []).filter(({ status }) => status === 'miss' || status === 'failed');
  return {
    ...{ hits, misses, reasons, savedMs },
    madeBytes: bytes?.made ?? 0,
    receivedBytes: bytes?.received ?? 0,
    sentBytes: bytes?.sent ?? 0,
    missed: missed.map((step) => ({ stage: step.stage, title: step.title, reasons: step.reasons })),
  };
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
