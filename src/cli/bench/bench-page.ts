import { seconds } from '../progress/texts.ts';
import { type Html, html } from '../report/html.ts';
import { page, table, tiles } from '../report/page.ts';
import { formatBytes } from '../sizes.ts';
import { type BenchMode, type BenchRow, hitRate, spreadOf } from './bench-row.ts';
import { missedSteps, percent } from './bench-text.ts';

const WIDTH = 960;
const HEIGHT = 220;
const LEFT = 60;
const BOTTOM = 24;
const LINES: Readonly<Record<BenchMode, { readonly color: string; readonly dashes: string }>> = {
  warm: { color: 'var(--hit)', dashes: 'none' },
  ci: { color: 'var(--link)', dashes: '8 4' },
  cold: { color: 'var(--miss)', dashes: '2 4' },
};

/** The page about a benchmark: the hit rate, what causes the misses, and every build. */
export function benchPage(rows: readonly BenchRow[], name: string): string {
  const modes = Map.groupBy(rows, ({ mode }) => mode);
  const longest = Math.max(1, ...rows.map(({ wallMs }) => wallMs));
  return page(`Cache hits over the history of ${name}`, [
    html`<h1>Cache hits over the history of ${name}</h1>`,
    [...modes].map(([mode, own]) => modeSection(mode, own)),
    html`<h2>Hit rate over commits</h2>
${plot(modes, (row) => hitRate(row) ?? 0, 1, percent, 'Hit rate of each commit, oldest first; the last table has the figures')}
<h2>Time over commits</h2>
${plot(modes, ({ wallMs }) => wallMs, longest, seconds, 'Time of each commit, oldest first; the last table has the figures')}`,
    html`<h2>Every build</h2>
${table(
  'Builds, oldest commit first',
  [
    { title: 'Commit', isCode: true },
    { title: 'Subject' },
    { title: 'Mode' },
    { title: 'Result' },
    { title: 'Hits', isNumber: true },
    { title: 'Misses', isNumber: true },
    { title: 'Took', isNumber: true },
    { title: 'New layers', isNumber: true },
    { title: 'Why' },
  ],
  rows.map((row) => [
    row.commit.slice(0, 12),
    row.subject,
    row.mode,
    row.result,
    String(row.hits),
    String(row.misses),
    seconds(row.wallMs),
    formatBytes(row.madeBytes),
    Object.entries(row.reasons)
      .map(([reason, count]) => `${reason} ${count}`)
      .join(', '),
  ]),
)}`,
  ]);
}

function modeSection(mode: BenchMode, rows: readonly BenchRow[]): Html {
  const rates = spreadOf(rows.flatMap((row) => hitRate(row) ?? []));
  const times = spreadOf(rows.map(({ wallMs }) => wallMs));
  const total = (value: (row: BenchRow) => number): number => rows.reduce((sum, row) => sum + value(row), 0);
  const [hits, misses] = [total((row) => row.hits), total((row) => row.misses)];
  return html`<h2>Mode ${mode}</h2>
${tiles([
  ['Hit rate', percent(hits + misses ? hits / (hits + misses) : undefined), `${hits} of ${hits + misses} steps`],
  [
    'Of a commit',
    rates ? percent(rates.median) : '–',
    rates && `${percent(rates.min)} to ${percent(rates.max)}, median`,
  ],
  ['Time', times ? seconds(times.median) : '–', times && `${seconds(times.min)} to ${seconds(times.max)}, median`],
  ['The cache saved', seconds(total((row) => row.savedMs)), `in ${rows.length} builds`],
  ['New layers', formatBytes(total((row) => row.madeBytes)), 'compressed'],
  ['Failed', String(rows.filter(({ result }) => result === 'failed').length), `of ${rows.length} builds`],
])}
${table(
  'What misses most, and why',
  [{ title: 'Misses', isNumber: true }, { title: 'Step', isCode: true }, { title: 'Causes' }],
  missedSteps(rows),
)}`;
}

function plot(
  modes: ReadonlyMap<BenchMode, readonly BenchRow[]>,
  value: (row: BenchRow) => number,
  most: number,
  form: (value: number) => string,
  label: string,
): Html {
  const count = Math.max(2, ...[...modes.values()].map(({ length }) => length));
  const x = (index: number): number => LEFT + (index / (count - 1)) * (WIDTH - LEFT - 10);
  const y = (amount: number): number => HEIGHT - BOTTOM - (amount / most) * (HEIGHT - BOTTOM - 10);
  return html`<p>${[...modes.keys()].map(
    (mode) =>
      html`<span style="color:${LINES[mode].color}">■</span> ${mode} (${LINES[mode].dashes === 'none' ? 'solid' : LINES[mode].dashes === '8 4' ? 'dashed' : 'dotted'}) `,
  )}</p>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}"><g class="axis">${[0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      html`<line x1="${LEFT}" x2="${WIDTH - 10}" y1="${y(share * most)}" y2="${y(share * most)}"/><text x="${LEFT - 6}" y="${y(share * most) + 4}" text-anchor="end">${form(share * most)}</text>`,
  )}<text x="${LEFT}" y="${HEIGHT - 6}">commit 1</text><text x="${WIDTH - 10}" y="${HEIGHT - 6}" text-anchor="end">commit ${count}</text></g>${[
    ...modes,
  ].map(
    ([mode, rows]) =>
      html`<polyline fill="none" stroke="${LINES[mode].color}" stroke-width="2" stroke-dasharray="${LINES[mode].dashes}" points="${rows
        .map((row) => `${x(row.index).toFixed(1)},${y(value(row)).toFixed(1)}`)
        .join(' ')}"/>`,
  )}</svg>`;
}
