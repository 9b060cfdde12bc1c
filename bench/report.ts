import { arch, cpus, release, totalmem } from 'node:os';
import type { Cost } from './measure.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** All costs of one phase of one scenario with one builder. */
export interface Series {
  readonly scenario: string;
  readonly phase: string;
  readonly builder: string;
  readonly runs: readonly Cost[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
}

export function thisMachine(): Machine {
  const [first] = cpus();
  return {
    cpu: `${first?.model ?? 'unknown'} (${arch()})`,
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
}

/** The values of one kind of cost, as a spread. */
export function spreadBy(series: Series, kind: Exclude<keyof Cost, 'counts'>): Spread {
  return spreadOf(series.runs.map((run) => run[kind]));
}

/** A row for each series; with several builders each row after a phase's first also says how many times its median is. */
export function formatTable(all: readonly Series[]): string {
  const header = ['scenario', 'phase', 'builder', 'wall s', 'min', 'max', 'cpu s', 'peak MiB', 'wall / first'];
  const rows = all.map((series) => {
    const wall = spreadBy(series, 'wallSeconds');
    const rival = all.find(({ scenario, phase }) => scenario === series.scenario && phase === series.phase)!;
    return [
      series.scenario,
      series.phase,
      series.builder,
      wall.median.toFixed(2),
      wall.min.toFixed(2),
      wall.max.toFixed(2),
      spreadBy(series, 'cpuSeconds').median.toFixed(2),
      (spreadBy(series, 'peakRssKib').median / 1024).toFixed(0),
      rival === series ? '' : ratio(wall.median, spreadBy(rival, 'wallSeconds').median),
    ];
  });
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return [header, ...rows].map((row) => line(row).trimEnd()).join('\n');
}

function ratio(value: number, reference: number): string {
  return `${(value / reference).toFixed(2)}x`;
}
