import { type HierarchyRectangularNode, hierarchy, treemap } from 'd3-hierarchy';
import type { SizeNode } from '../../build/report/size-tree.ts';
import { cut } from '../progress/fit-line.ts';
import { formatBytes } from '../sizes.ts';
import { type Html, html } from './html.ts';

const WIDTH = 960;
const HEIGHT = 480;
/** Room for a name above what a box holds, in px. */
const HEAD = 16;
/** Of the 12 px font. */
const CHAR_WIDTH = 6.8;
/** As different as may be, and light enough for dark text. @see https://jfly.uni-koeln.de/color/ */
const COLORS = ['#8ecae6', '#f4b860', '#9fd8b4', '#f2a6c0', '#c9b6f2', '#e6d36f', '#a9c4d9', '#e8a08c'];

/** What fills layers, as boxes whose area is bytes. The table beside it says the same to those who don't see it. */
export function treemapChart(layers: readonly SizeNode[], label: string): Html {
  const segments = new Intl.Segmenter();
  const root = hierarchy<SizeNode>({ name: '', bytes: 0, files: 0, children: layers }, ({ children }) => [
    ...children,
  ]).sum(({ bytes, children }) => Math.max(0, bytes - children.reduce((sum, child) => sum + child.bytes, 0)));
  root.sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const drawn = treemap<SizeNode>().size([WIDTH, HEIGHT]).paddingTop(HEAD).paddingInner(1).round(true)(root);
  const boxes = drawn.descendants().filter(({ depth, x0, x1, y0, y1 }) => depth > 0 && x1 - x0 >= 2 && y1 - y0 >= 2);
  const color = (node: HierarchyRectangularNode<SizeNode>): string => {
    const layer = node.ancestors().at(-2)!;
    return COLORS[layers.indexOf(layer.data) % COLORS.length]!;
  };
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">${boxes.map((node) => {
    const { x0, y0, x1, y1, data, value = 0 } = node;
    const path = node
      .ancestors()
      .slice(0, -1)
      .reverse()
      .map((each) => each.data.name)
      .join(' / ');
    const room = Math.floor((x1 - x0 - 6) / CHAR_WIDTH);
    const name = y1 - y0 >= HEAD && room >= 3 ? cut(data.name.replace(/[\u0000-\u001f]/g, '?'), room, segments) : '';
    return html`<g><title>${path}: ${formatBytes(value)}, ${data.files} files</title><rect class="box" x="${x0}" y="${y0}" width="${x1 - x0}" height="${y1 - y0}" fill="${color(node)}" fill-opacity="${Math.max(0.45, 1 - 0.12 * (node.depth - 1))}"/>${
      name ? html`<text class="label" x="${x0 + 3}" y="${y0 + 12}">${name}</text>` : ''
    }</g>
`;
  })}</svg>`;
}
