import { type Html, html } from '../report/html.ts';
import { type BenchPoint, type BenchSeries, spreadOf } from './bench-row.ts';

const WIDTH = 760;
const HEIGHT = 240;
const LEFT = 60;
const RIGHT = 16;
const TOP = 10;
const BOTTOM = 26;
/** Of a series in a strip plot. */
const ROW = 46;
const QUARTERS = [0, 0.25, 0.5, 0.75, 1];

/** Told apart without colours by their dashes, which the key names. */
const LINES = [
  { color: 'var(--hit)', dashes: 'none', name: 'solid' },
  { color: 'var(--link)', dashes: '8 4', name: 'dashed' },
  { color: 'var(--miss)', dashes: '2 4', name: 'dotted' },
  { color: 'var(--critical)', dashes: '12 3 2 3', name: 'dash and dot' },
  { color: 'var(--failed)', dashes: '16 6', name: 'long dashes' },
  { color: 'var(--idle)', dashes: '4 2', name: 'short dashes' },
] as const;

export interface Plotted {
  /** What a screen reader says. */
  readonly label: string;
  /** What one build is called on the axis: commit, edit. */
  readonly unit: string;
  /** The end of the scale. */
  readonly most: number;
  value(point: BenchPoint): number;
  form(value: number): string;
}

function lineOf(i: number): (typeof LINES)[number] {
  return LINES[i % LINES.length]!;
}

/** A value of each build, in order: a line for each series, the median where builds were repeated, and a dot for each build. */
export function linePlot(all: readonly BenchSeries[], { label, unit, most, value, form }: Plotted): Html {
  const last = Math.max(1, ...all.flatMap(({ points }) => points.map(({ index }) => index)));
  const x = (index: number): number => round(LEFT + (index / last) * (WIDTH - LEFT - RIGHT));
  const y = (amount: number): number => round(HEIGHT - BOTTOM - (amount / most) * (HEIGHT - BOTTOM - TOP));
  return html`<p>${all.map(
    ({ name }, i) => html`<span style="color:${lineOf(i).color}">■</span> ${name} (${lineOf(i).name}) `,
  )}</p>
${figure(
  label,
  HEIGHT,
  html`<g class="axis">${QUARTERS.map(
    (share) =>
      html`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(share * most)}" y2="${y(share * most)}"/><text x="${LEFT - 6}" y="${y(share * most) + 4}" text-anchor="end">${form(share * most)}</text>`,
  )}<text x="${LEFT}" y="${HEIGHT - 6}">${unit} 1</text><text x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">${unit} ${last + 1}</text></g>${all.map(
    ({ points }, i) => {
      const { color, dashes } = lineOf(i);
      const middles = [...Map.groupBy(points, ({ index }) => index)].map(
        ([index, same]) => `${x(index)},${y(spreadOf(same.map(value))!.median)}`,
      );
      return html`<g fill="${color}"><polyline fill="none" stroke="${color}" stroke-width="2" stroke-dasharray="${dashes}" points="${middles.join(' ')}"/>${points.map(
        (point) =>
          html`<circle cx="${x(point.index)}" cy="${y(value(point))}" r="3"><title>${point.label}: ${form(value(point))}</title></circle>`,
      )}</g>`;
    },
  )}`,
)}`;
}

/** How a value is spread: a dot for each build, bars at minimum, median and maximum. */
export function stripPlot(all: readonly BenchSeries[], { label, most, value, form }: Plotted): Html {
  const height = TOP + all.length * ROW + BOTTOM;
  const x = (amount: number): number => round(LEFT + (amount / most) * (WIDTH - LEFT - RIGHT));
  return figure(
    label,
    height,
    html`<g class="axis">${QUARTERS.map(
      (share) =>
        html`<line x1="${x(share * most)}" x2="${x(share * most)}" y1="${TOP}" y2="${height - BOTTOM}"/><text x="${x(share * most)}" y="${height - 8}" text-anchor="middle">${form(share * most)}</text>`,
    )}</g>${all.map(({ name, points }, i) => {
      const middle = TOP + i * ROW + 30;
      const spread = spreadOf(points.map(value));
      return html`<text x="${LEFT}" y="${middle - 16}">${name}</text><g fill="${lineOf(i).color}" stroke="${lineOf(i).color}">${points.map(
        (point, j) =>
          // Beside each other where they would hide each other.
          html`<circle cx="${x(value(point))}" cy="${middle + ((j % 3) - 1) * 4}" r="3" fill-opacity="0.4" stroke-width="0.5"><title>${point.label}: ${form(value(point))}</title></circle>`,
      )}${
        spread &&
        [spread.min, spread.median, spread.max].map(
          (at, j) =>
            html`<line x1="${x(at)}" x2="${x(at)}" y1="${middle - 11}" y2="${middle + 11}" stroke-width="${j === 1 ? 4 : 2}"/>`,
        )
      }</g>`;
    })}`,
  );
}

/** It scrolls in itself on a phone, where its text would be too small. */
function figure(label: string, height: number, content: Html): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><svg class="plot" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">${content}</svg></div>`;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
