import { oneLine } from '../progress/clean-output.ts';
import { seconds } from '../progress/texts.ts';
import { formatBytes } from '../sizes.ts';
import { textTable } from '../text-table.ts';
import { type BenchRow, hitRate, type Spread, spreadOf } from './bench-row.ts';

/** A benchmark as people read it: what each mode came to, and what missed. */
export function benchText(rows: readonly BenchRow[]): string {
  const modes = Map.groupBy(rows, ({ mode }) => mode);
  const head = [
    'MODE',
    'BUILDS',
    'FAILED',
    'HIT RATE',
    'min',
    'median',
    'max',
    'TIME min',
    'median',
    'max',
    'NEW LAYERS',
    'SAVED',
  ];
  const lines = [...modes].map(([mode, own]) => {
    const [hits, misses] = [sum(own, ({ hits }) => hits), sum(own, ({ misses }) => misses)];
    return [
      mode,
      String(own.length),
      String(own.filter(({ result }) => result === 'failed').length),
      percent(hits + misses ? hits / (hits + misses) : undefined),
      ...spreadCells(spreadOf(own.flatMap((row) => hitRate(row) ?? [])), percent),
      ...spreadCells(spreadOf(own.map(({ wallMs }) => wallMs)), seconds),
      formatBytes(sum(own, ({ madeBytes }) => madeBytes)),
      seconds(sum(own, ({ savedMs }) => savedMs)),
    ];
  });
  const missed = [...modes].flatMap(([mode, own]) => missedSteps(own).map((cells) => [mode, ...cells]));
  return `${textTable([head, ...lines], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])}\n${textTable([['MODE', 'MISSES', 'STEP', 'WHY'], ...missed], [1])}`;
}

/** Steps that missed most. */
const SHOWN_STEPS = 10;

/** Number of misses, the step, its reasons with their numbers; most first. */
export function missedSteps(rows: readonly BenchRow[]): [count: string, step: string, reasons: string][] {
  const steps = Map.groupBy(
    rows.flatMap(({ missed }) => missed),
    ({ stage, title }) => `[${stage}] ${title}`,
  );
  return [...steps]
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, SHOWN_STEPS)
    .map(([step, misses]) => {
      const reasons = Map.groupBy(
        misses.flatMap((miss) => miss.reasons),
        (reason) => reason,
      );
      const sorted = [...reasons].sort(([, a], [, b]) => b.length - a.length);
      return [
        String(misses.length),
        oneLine(step),
        sorted.map(([reason, all]) => `${reason} ${all.length}`).join(', '),
      ];
    });
}

const CSV_FIELDS = [
  'mode',
  'index',
  'commit',
  'result',
  'wallMs',
  'hits',
  'misses',
  'savedMs',
  'madeBytes',
  'receivedBytes',
  'sentBytes',
] as const;

/** A line for each build; a field for the number of misses of each reason at the end. @see RFC 4180 */
export function benchCsv(rows: readonly BenchRow[]): string {
  const reasons = [...new Set(rows.flatMap((row) => Object.keys(row.reasons)))].sort();
  const lines = rows.map((row) => [
    ...CSV_FIELDS.map((field) => row[field]),
    ...reasons.map((reason) => row.reasons[reason] ?? 0),
  ]);
  return [[...CSV_FIELDS, ...reasons], ...lines].map((line) => `${line.join(',')}\r\n`).join('');
}

export function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${Math.round(share * 100)}%`;
}

function spreadCells(spread: Spread | undefined, form: (value: number) => string): string[] {
  return spread ? [form(spread.min), form(spread.median), form(spread.max)] : ['–', '–', '–'];
}

function sum(rows: readonly BenchRow[], value: (row: BenchRow) => number): number {
  return rows.reduce((total, row) => total + value(row), 0);
}
