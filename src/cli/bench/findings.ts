import { seconds } from '../progress/texts.ts';
import { type BenchSeries, failedOf, hitRate, spreadOf, stepsOf, sum } from './bench-row.ts';
import { type MissRoot, missRoots } from './miss-roots.ts';
import { percent } from './percent.ts';

/** What a benchmark says, in words; names of steps stand between backquotes. */
export interface Findings {
  /** What is my hit rate? */
  readonly rates: readonly string[];
  /** What causes the misses? */
  readonly causes: readonly string[];
  /** What should I change? */
  readonly advice: readonly string[];
}

/** How many steps are spoken of. */
const SHOWN = 5;

const CHANGED: Readonly<Record<string, string>> = {
  files: 'the files that it takes changed',
  argument: 'an ARG changed',
  environment: 'an ENV changed',
  base: 'its base image changed',
  'source-image': 'the image that it reads from changed',
  instruction: 'its command changed',
  heredoc: 'its heredoc changed',
  option: 'one of its options changed',
  mount: 'a mount changed',
  order: 'values changed their order',
  'no-cache': 'the build was told not to look',
  'no-cache-filter': 'the build was told not to look',
  'failed-before': 'it had failed before',
  format: 'another version of varve made what is there',
};

/** What is in the data: the same for the same rows. */
export function findingsOf(all: readonly BenchSeries[]): Findings {
  const roots = missRoots(all).slice(0, SHOWN);
  return {
    rates: all.map(rateText),
    causes: roots.map(causeText),
    advice: [...new Set(roots.map(adviceText))],
  };
}

function rateText({ name, points }: BenchSeries): string {
  const { hits, misses } = stepsOf(points);
  const times = spreadOf(points.map(({ wallMs }) => wallMs));
  const failed = failedOf(points);
  return [
    `${name}: ${percent(hitRate({ hits, misses }))} of steps hit (${hits} of ${hits + misses}, in ${points.length} builds).`,
    ...(times
      ? [`A build takes ${seconds(times.median)} (median; ${seconds(times.min)} to ${seconds(times.max)}).`]
      : []),
    `Hits saved ${seconds(sum(points, ({ savedMs }) => savedMs))} in all.`,
    ...(failed ? [`${failed} builds failed: see their logs.`] : []),
  ].join(' ');
}

function causeText({ stage, title, builds, kinds, ownMs, later, laterMs }: MissRoot): string {
  const why = CHANGED[kinds[0]!] ?? `of its record (${kinds[0]})`;
  const [longest, ...others] = later;
  const effect = longest
    ? ` ${code(longest)}${others.length ? ` and ${others.length} more` : ''} ran again for no reason of their own: ${seconds(laterMs)}.`
    : '';
  return `${code(title)} of ${stage} missed in ${builds} builds, because ${why}: ${seconds(ownMs)}.${effect}`;
}

function adviceText({ title, kinds, later }: MissRoot): string {
  const [longest] = later;
  switch (kinds[0]) {
    case 'files':
      return longest ? orderText(title, longest) : aloneText(title);
    case 'argument':
    case 'environment':
      return `A variable of ${code(title)} changes from build to build: set it below the steps that don't need it${longest ? `, ${code(longest)} among them` : ''}.`;
    case 'base':
    case 'source-image':
      return `Name the image that ${code(title)} stands on by its digest, so that it changes when you change it.`;
    case 'no-cache':
    case 'no-cache-filter':
      return `${code(title)} was built without the cache because a flag says so.`;
    case 'failed-before':
      return `${code(title)} failed and was run again: its log says why.`;
    case 'instruction':
    case 'heredoc':
    case 'option':
    case 'mount':
    case 'order':
      return `The Dockerfile's own line of ${code(title)} was edited: what is edited often belongs as far down as it can.`;
    case 'format':
      return `Builds with one version of varve hit what it made: ${code(title)} ran again for another one's.`;
    default:
      return `The cache had ${code(title)} and could not give it (${kinds[0]}): see docs/explain.md, and how long it is kept.`;
  }
}

function orderText(title: string, later: string): string {
  const again = `${code(later)} runs again for every change of the files of ${code(title)}:`;
  return /^(RUN|ADD)\b/.test(later)
    ? `${again} copy only what it needs (lock files, say) above it, and put ${code(title)} below it.`
    : `${again} put it above ${code(title)}.`;
}

function aloneText(title: string): string {
  return `Nothing but ${code(title)} itself is lost when its files change; what no step needs belongs in .dockerignore.`;
}

function code(title: string): string {
  return `\`${title.replaceAll('`', "'")}\``;
}
