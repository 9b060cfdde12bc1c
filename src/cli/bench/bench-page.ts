import { seconds } from '../progress/texts.ts';
import { type Html, html } from '../report/html.ts';
import { page, table, tiles } from '../report/page.ts';
import { formatBytes } from '../sizes.ts';
import { linePlot, type Plotted, stripPlot } from './bench-plots.ts';
import { type BenchPoint, type BenchSeries, failedOf, hitRate, OWN_BUILDER, spreadOf, stepsOf } from './bench-row.ts';
import { countsText, knownText, missedSteps, savedText } from './bench-text.ts';
import type { Comparison } from './compare-variants.ts';
import { findingsOf } from './findings.ts';
import { percent } from './percent.ts';

export interface BenchPage {
  readonly title: string;
  /** What one build is called: commit, edit. */
  readonly unit: string;
  readonly series: readonly BenchSeries[];
  readonly comparison?: { readonly variants: readonly Comparison[]; readonly buildsPerMonth: number };
}

/** The page about a benchmark: its answers first, then what they come from, and every build. */
export function benchPage({ title, unit, series, comparison }: BenchPage): string {
  const points = series.flatMap((one) => one.points);
  const rates: Plotted = {
    label: `Hit rate of each ${unit}; the last table has the figures`,
    unit,
    most: 1,
    value: (point) => hitRate(point) ?? 0,
    form: percent,
  };
  const times: Plotted = {
    label: `Time of each ${unit}; the last table has the figures`,
    unit,
    most: Math.max(1, ...points.map(({ wallMs }) => wallMs)),
    value: ({ wallMs }) => wallMs,
    form: seconds,
  };
  return page(title, [
    html`<h1>${title}</h1>`,
    answers(series),
    comparison && comparisonSection(comparison.variants, comparison.buildsPerMonth),
    html`<h2>Hit rate over ${unit}s</h2>
${linePlot(series, rates)}
<h2>Time over ${unit}s</h2>
${linePlot(series, times)}
<h2>How times are spread</h2>
<p class="soft">A dot is a build; bars are minimum, median (thick) and maximum.</p>
${stripPlot(series, { ...times, label: 'Times of all builds; the tables below have minimum, median and maximum' })}`,
    series.map(seriesSection),
    html`<h2>Every build</h2>
${everyBuild(series, unit)}`,
  ]);
}

function answers(series: readonly BenchSeries[]): Html {
  const { rates, peers, causes, advice } = findingsOf(series);
  const list = (texts: readonly string[], otherwise: string): Html =>
    texts.length ? html`<ul>${texts.map((text) => html`<li>${words(text)}</li>`)}</ul>` : html`<p>${otherwise}</p>`;
  return html`<h2>What is my hit rate?</h2>
${list(rates, 'Nothing was built.')}
${
  peers.length
    ? html`<h2>How does it compare?</h2>
${list(peers, '')}`
    : ''
}
<h2>What causes the misses?</h2>
<p class="soft">First builds, of which nothing was known, are left out; what costs most comes first.</p>
${list(causes, 'Nothing missed that was known before.')}
<h2>What should I change?</h2>
${list(advice, 'Nothing that these builds show.')}`;
}

/** What stands between backquotes is code. */
function words(text: string): Html[] {
  return text.split('`').map((part, i) => (i % 2 ? html`<code>${part}</code>` : html`${part}`));
}

function comparisonSection(variants: readonly Comparison[], buildsPerMonth: number): Html {
  return html`<h2>Which variant is better?</h2>
${table(
  `Variants in each mode, beside the first one; a build's time is the mean over the edits, its spread that of the repeats`,
  [
    { title: 'Variant', isCode: true },
    { title: 'Mode' },
    { title: 'Hit rate', isNumber: true },
    { title: 'A build (min)', isNumber: true },
    { title: 'median', isNumber: true },
    { title: 'max', isNumber: true },
    { title: `Saved in ${buildsPerMonth} builds a month` },
  ],
  variants.map((one) => [
    one.variant,
    one.mode,
    percent(one.rate),
    ...[one.time.min, one.time.median, one.time.max].map(seconds),
    savedText(one),
  ]),
)}`;
}

function seriesSection({ name, builder, points }: BenchSeries): Html {
  const rates = spreadOf(points.flatMap((row) => hitRate(row) ?? []));
  const times = spreadOf(points.map(({ wallMs }) => wallMs));
  const { hits, misses } = stepsOf(points);
  const reasons = Map.groupBy(
    points.flatMap(({ missed }) => missed.flatMap((step) => step.reasons)),
    (reason) => reason,
  );
  const most = Math.max(1, ...[...reasons.values()].map(({ length }) => length));
  return html`<h2>${name}</h2>
${tiles([
  ['Hit rate', percent(hitRate({ hits, misses })), `${hits} of ${hits + misses} steps`],
  [
    'Of a build',
    rates ? percent(rates.median) : '–',
    rates && `${percent(rates.min)} to ${percent(rates.max)}, median`,
  ],
  ['Time', times ? seconds(times.median) : '–', times && `${seconds(times.min)} to ${seconds(times.max)}, median`],
  ['The cache saved', knownText(points, (row) => row.savedMs, seconds), `in ${points.length} builds`],
  ['New layers', knownText(points, (row) => row.madeBytes, formatBytes), 'compressed'],
  ['Written on disk', knownText(points, (row) => row.diskBytes, formatBytes), 'in stores, all builds'],
  ['Failed', String(failedOf(points)), `of ${points.length} builds`],
])}
${
  builder === OWN_BUILDER &&
  table(
    `${name}: misses by reason`,
    [{ title: 'Reason' }, { title: 'Misses', isNumber: true }, { title: 'Share' }],
    [...reasons]
      .sort(([, a], [, b]) => b.length - a.length)
      .map(([reason, { length }]) => [
        reason,
        length,
        html`<div class="track miss" aria-hidden="true"><span style="left:0;width:${((length / most) * 100).toFixed(1)}%"></span></div>`,
      ]),
  )
}
${table(
  `${name}: what misses most, and why`,
  [{ title: 'Step', isCode: true }, { title: 'Misses', isNumber: true }, { title: 'Causes' }],
  missedSteps(points).map(([count, step, causes]) => [step, count, causes]),
)}`;
}

function everyBuild(series: readonly BenchSeries[], unit: string): Html {
  const row = (name: string, point: BenchPoint) => [
    point.label,
    point.detail,
    name,
    point.result,
    String(point.hits),
    String(point.misses),
    seconds(point.wallMs),
    knownText([point], (one) => one.madeBytes, formatBytes),
    knownText([point], (one) => one.diskBytes, formatBytes),
    countsText(point.missed.flatMap(({ reasons }) => reasons)),
  ];
  return table(
    'Builds in their order',
    [
      { title: `${unit[0]!.toUpperCase()}${unit.slice(1)}`, isCode: true },
      { title: 'What it is' },
      { title: 'Series' },
      { title: 'Result' },
      { title: 'Hits', isNumber: true },
      { title: 'Misses', isNumber: true },
      { title: 'Took', isNumber: true },
      { title: 'New layers', isNumber: true },
      { title: 'On disk', isNumber: true },
      { title: 'Why' },
    ],
    series.flatMap(({ name, points }) => points.map((point) => row(name, point))),
  );
}
