import { oneLine } from '../progress/clean-output.ts';
import { seconds } from '../progress/texts.ts';
import { formatBytes } from '../sizes.ts';
import { textTable } from '../text-table.ts';
import {
  type BenchSeries,
  failedOf,
  hitRate,
  knownSum,
  type Measured,
  type Spread,
  spreadOf,
  stepsOf,
} from './bench-row.ts';
import { type Comparison, TELLING_REPEATS } from './compare-variants.ts';
import { findingsOf } from './findings.ts';
import { percent } from './percent.ts';

/** A benchmark as people read it: what each series came to, what missed, and what that means. */
export function benchText(all: readonly BenchSeries[]): string {
  const head = ['MODE', 'BUILDS', 'FAILED', 'HIT RATE', 'min', 'median', 'max'];
  const more = ['TIME min', 'median', 'max', 'NEW LAYERS', 'ON DISK', 'SAVED'];
  const lines = all.map(({ name, points }) => [
    name,
    String(points.length),
    String(failedOf(points)),
    percent(hitRate(stepsOf(points))),
    ...spreadCells(spreadOf(points.flatMap((row) => hitRate(row) ?? [])), percent),
    ...spreadCells(spreadOf(points.map(({ wallMs }) => wallMs)), seconds),
    knownText(points, ({ madeBytes }) => madeBytes, formatBytes),
    knownText(points, ({ diskBytes }) => diskBytes, formatBytes),
    knownText(points, ({ savedMs }) => savedMs, seconds),
  ]);
  const missed = all.flatMap(({ name, points }) => missedSteps(points).map((cells) => [name, ...cells]));
  const { peers, advice } = findingsOf(all);
  return [
    textTable([[...head, ...more], ...lines], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    textTable([['MODE', 'MISSES', 'STEP', 'WHY'], ...missed], [1]),
    [...peers, ...advice].map((text) => `- ${text}\n`).join(''),
  ].join('\n');
}

/** A sum, or a dash where a builder does not say it. */
export function knownText<T>(
  rows: readonly T[],
  value: (row: T) => number | undefined,
  form: (sum: number) => string,
): string {
  const total = knownSum(rows, value);
  return total === undefined ? '–' : form(total);
}

/** Variants beside the first one. */
export function comparisonText(all: readonly Comparison[], buildsPerMonth: number): string {
  const saved = `SAVED IN ${buildsPerMonth} BUILDS`;
  const lines = all.map((one) => [
    one.mode,
    one.variant,
    percent(one.rate),
    ...spreadCells(one.time, seconds),
    savedText(one),
  ]);
  return textTable([['MODE', 'VARIANT', 'HIT RATE', 'A BUILD min', 'median', 'max', saved], ...lines], [2, 3, 4, 5]);
}

/** What a variant saves against the first one, and whether that is more than noise. */
export function savedText({ savedMs, isClear, failed }: Comparison): string {
  if (failed) return `– (${failed} builds failed)`;
  if (savedMs === undefined) return '–';
  const amount = `${savedMs < 0 ? '-' : ''}${duration(Math.abs(savedMs))}`;
  if (isClear === undefined) return `${amount} (may be noise: fewer than ${TELLING_REPEATS} repeats)`;
  return isClear ? amount : `${amount} (within noise)`;
}

/** Hours and minutes, or seconds of what is shorter. */
function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 2) return seconds(ms);
  return minutes < 60 ? `${minutes}min` : `${Math.floor(minutes / 60)}h ${minutes % 60}min`;
}

/** Steps that missed most. */
const SHOWN_STEPS = 10;

/** Number of misses, the step, its reasons with their numbers; most first. */
export function missedSteps(rows: readonly Measured[]): [count: string, step: string, reasons: string][] {
  const steps = Map.groupBy(
    rows.flatMap(({ missed }) => missed),
    ({ stage, title }) => `[${stage}] ${title}`,
  );
  return [...steps]
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, SHOWN_STEPS)
    .map(([step, misses]) => [String(misses.length), oneLine(step), countsText(misses.flatMap((one) => one.reasons))]);
}

/** `files 3, step 1`: most first. */
export function countsText(names: readonly string[]): string {
  const sorted = [...Map.groupBy(names, (name) => name)].sort(([, a], [, b]) => b.length - a.length);
  return sorted.map(([name, all]) => `${name} ${all.length}`).join(', ');
}

const CSV_FIGURES = [
  'result',
  'wallMs',
  'hits',
  'misses',
  'savedMs',
  'madeBytes',
  'receivedBytes',
  'sentBytes',
  'diskBytes',
] as const satisfies readonly (keyof Measured)[];

/**
 * A line for each build; a field for the number of misses of each reason at the end. @see RFC 4180
 * @param names fields that say which build it is, whose values have no comma
 */
export function benchCsv<T extends Measured>(rows: readonly T[], names: readonly (keyof T & string)[]): string {
  const reasons = [...new Set(rows.flatMap((row) => Object.keys(row.reasons)))].sort();
  const lines = rows.map((row) => [
    ...names.map((name) => row[name] ?? ''),
    ...CSV_FIGURES.map((field) => row[field] ?? ''),
    ...reasons.map((reason) => row.reasons[reason] ?? 0),
  ]);
  return [[...names, ...CSV_FIGURES, ...reasons], ...lines].map((line) => `${line.join(',')}\r\n`).join('');
}

function spreadCells(spread: Spread | undefined, form: (value: number) => string): string[] {
  return spread ? [form(spread.min), form(spread.median), form(spread.max)] : ['–', '–', '–'];
}
