import { seconds } from '../progress/texts.ts';
import {
  type BenchPoint,
  type BenchSeries,
  failedOf,
  hitRate,
  knownSum,
  OWN_BUILDER,
  spreadOf,
  stepsOf,
} from './bench-row.ts';
import { type MissRoot, missRoots } from './miss-roots.ts';
import { percent } from './percent.ts';

/** What a benchmark says, in words; names of steps stand between backquotes. */
export interface Findings {
  /** What is my hit rate? */
  readonly rates: readonly string[];
  /** How does it compare with other builders? Empty without one. */
  readonly peers: readonly string[];
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
  const own = all.filter(({ builder }) => builder === OWN_BUILDER);
  const roots = missRoots(own).slice(0, SHOWN);
  return {
    rates: all.map(rateText),
    peers: all.flatMap((one) => peerText(one, own)),
    causes: roots.map(causeText),
    advice: [...new Set(roots.map(adviceText))],
  };
}

function rateText({ name, points }: BenchSeries): string {
  const { hits, misses } = stepsOf(points);
  const times = spreadOf(points.map(({ wallMs }) => wallMs));
  const failed = failedOf(points);
  const saved = knownSum(points, ({ savedMs }) => savedMs);
  return [
    `${name}: ${percent(hitRate({ hits, misses }))} of steps hit (${hits} of ${hits + misses}, in ${points.length} builds).`,
    ...(times
      ? [`A build takes ${seconds(times.median)} (median; ${seconds(times.min)} to ${seconds(times.max)}).`]
      : []),
    ...(saved === undefined ? [] : [`Hits saved ${seconds(saved)} in all.`]),
    ...(failed ? [`${failed} builds failed: see their logs.`] : []),
  ].join(' ');
}

/** A peer beside varve: their times are compared build by build, where both succeeded. */
function peerText(peer: BenchSeries, own: readonly BenchSeries[]): string[] {
  const ours = own.find(({ given }) => given === peer.given);
  if (!ours || peer.builder === OWN_BUILDER) return [];
  const id = ({ index, detail }: BenchPoint): string => `${index} ${detail}`;
  const byId = new Map(ours.points.filter(({ result }) => result === 'done').map((point) => [id(point), point]));
  const ratios = peer.points.flatMap((point) => {
    const other = point.result === 'done' ? byId.get(id(point)) : undefined;
    return other ? [point.wallMs / other.wallMs] : [];
  });
  const spread = spreadOf(ratios);
  const rates = `${percent(hitRate(stepsOf(ours.points)))} of varve's steps hit, ${percent(hitRate(stepsOf(peer.points)))} of ${peer.builder}'s.`;
  if (!spread) return [`${peer.given}: ${rates} No build succeeded with both.`];
  const times = (value: number): string => value.toFixed(value < 10 ? 2 : 0);
  return [
    `${peer.given}: ${rates} ${peer.builder} takes ${times(spread.median)} times as long as varve for the same build (median of ${ratios.length}; ${times(spread.min)} to ${times(spread.max)}).`,
  ];
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
  if (later.startsWith('RUN') && copiesFiles(title))
    return `${again} it copies single files, so where they all matter let ${code(later)} keep what it downloads in a cache mount (--mount=type=cache).`;
  return /^(RUN|ADD)\b/.test(later)
    ? `${again} copy only what it needs (lock files, say) above it, and put ${code(title)} below it.`
    : `${again} put it above ${code(title)}.`;
}

/** Whether all sources look like single files: a name with an extension, without a wildcard. */
function copiesFiles(title: string): boolean {
  const [, ...words] = title.split(/\s+/).filter((word) => !word.startsWith('--'));
  const sources = words.slice(0, -1);
  return sources.length > 0 && sources.every((word) => /^(?:[\w@.-]+\/)*[\w@-]+(?:\.[\w-]+)+$/.test(word));
}

function aloneText(title: string): string {
  return `Nothing but ${code(title)} itself is lost when its files change; what no step needs belongs in .dockerignore.`;
}

function code(title: string): string {
  return `\`${title.replaceAll('`', "'")}\``;
}
