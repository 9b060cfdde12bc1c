import { oneLine } from '../progress/clean-output.ts';
import type { BenchSeries, Measured } from './bench-row.ts';

type Missed = Measured['missed'][number];

/** A step that missed for a reason of its own, and what ran again because of it, in several builds. */
export interface MissRoot {
  readonly stage: string;
  /** On one line. */
  readonly title: string;
  readonly builds: number;
  /** Kinds of causes of its own, most frequent first. */
  readonly kinds: readonly string[];
  /** Time of it, and of the steps after it that ran for no reason of their own, in ms. */
  readonly ownMs: number;
  readonly laterMs: number;
  /** Titles of those, the longest first. */
  readonly later: readonly string[];
}

/** A step that stands on one that came out different, or reads from one. */
const INHERITED: ReadonlySet<string> = new Set(['step', 'source']);
/** Nothing was known to compare with: a first build. */
const FIRST: ReadonlySet<string> = new Set(['no-history', 'new']);

/** Steps that made others miss, those that cost most first. First builds have none. */
export function missRoots(all: readonly BenchSeries[]): MissRoot[] {
  const found = all.flatMap(({ points }) => points.flatMap((point) => rootsOf(point)));
  return [...Map.groupBy(found, ({ root }) => `${root.stage} ${root.title}`).values()]
    .map((same) => {
      const { stage, title } = same[0]!.root;
      const kinds = Map.groupBy(
        same.flatMap(({ root }) => ownReasons(root)),
        (kind) => kind,
      );
      const later = Map.groupBy(
        same.flatMap((one) => one.later),
        (step) => oneLine(step.title),
      );
      const ms = (steps: readonly Missed[]): number => steps.reduce((total, { spentMs }) => total + spentMs, 0);
      const sorted = [...later].sort(([, a], [, b]) => ms(b) - ms(a));
      return {
        stage,
        title: oneLine(title),
        builds: same.length,
        kinds: [...kinds].sort(([, a], [, b]) => b.length - a.length).map(([kind]) => kind),
        ownMs: ms(same.map(({ root }) => root)),
        laterMs: ms(same.flatMap((one) => one.later)),
        later: sorted.map(([name]) => name),
      };
    })
    .sort((a, b) => b.ownMs + b.laterMs - (a.ownMs + a.laterMs) || b.builds - a.builds);
}

function rootsOf({ missed }: Measured): { readonly root: Missed; readonly later: Missed[] }[] {
  const roots: { root: Missed; later: Missed[] }[] = [];
  for (const step of missed) {
    if (step.reasons.some((kind) => FIRST.has(kind))) continue;
    if (ownReasons(step).length) roots.push({ root: step, later: [] });
    // The nearest one before it: in its stage, else in a stage that it reads from.
    else (roots.findLast(({ root }) => root.stage === step.stage) ?? roots.at(-1))?.later.push(step);
  }
  return roots;
}

function ownReasons({ reasons }: Missed): string[] {
  return reasons.filter((kind) => !INHERITED.has(kind));
}
