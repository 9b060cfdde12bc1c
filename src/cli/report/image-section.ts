import type { ImageContents, LayerContents } from '../../build/report/image-contents.ts';
import type { SizeNode } from '../../build/report/size-tree.ts';
import { shortDigest } from '../progress/texts.ts';
import { formatBytes } from '../sizes.ts';
import { type Html, html } from './html.ts';
import { table } from './page.ts';
import { treemapChart } from './treemap-chart.ts';

const TOP_DIRECTORIES = 6;

/** What an image holds: its layers, what fills them, and what is in it more than once. */
export function imageSection({ platform, digest, layers, largest, duplicates, hiddenBytes }: ImageContents): Html {
  const known = layers.flatMap((layer, i): SizeNode[] =>
    layer.sizes && layer.sizes.bytes > 0 ? [{ ...layer.sizes, name: `${i + 1} ${nameOf(layer)}` }] : [],
  );
  const rows = layers.map((layer, i) => [
    String(i + 1),
    nameOf(layer),
    formatBytes(layer.bytes),
    layer.sizes ? formatBytes(layer.sizes.bytes) : 'not in the store',
    layer.sizes ? String(layer.sizes.files) : '',
    layer.removed ? String(layer.removed) : '',
    layer.sizes ? topDirectories(layer.sizes) : '',
  ]);
  return html`<h2>Image for ${platform}</h2>
<p class="code">${digest}</p>
${table(
  'Layers, lowest first',
  [
    { title: 'Layer', isNumber: true },
    { title: 'Made by', isCode: true },
    { title: 'Compressed', isNumber: true },
    { title: 'Files', isNumber: true },
    { title: 'Number', isNumber: true },
    { title: 'Removes', isNumber: true },
    { title: 'Filled by', isCode: true },
  ],
  rows,
)}
${hiddenBytes > 0 ? html`<p><strong>${formatBytes(hiddenBytes)}</strong> of files lie in layers below others that replace or remove them: they are sent and never seen.</p>` : ''}
${known.length ? html`<h3>What fills the layers</h3>${treemapChart(known, `What fills the layers of the image for ${platform}; the tables above and below say it in words`)}` : ''}
${
  largest.length
    ? table(
        'Largest files',
        [
          { title: 'File', isCode: true },
          { title: 'Size', isNumber: true },
          { title: 'Layer', isNumber: true },
        ],
        largest.map(({ path, bytes, layer }) => [`/${path}`, formatBytes(bytes), String(layer + 1)]),
      )
    : ''
}
${
  duplicates.length
    ? table(
        'Files of equal bytes',
        [
          { title: 'Files', isCode: true },
          { title: 'Size', isNumber: true },
          { title: 'Copies', isNumber: true },
          { title: 'Too much', isNumber: true },
        ],
        duplicates.map(({ paths, bytes, count }) => [
          [
            ...paths.map((path) => `/${path}`),
            ...(count > paths.length ? [`and ${count - paths.length} more`] : []),
          ].join('\n'),
          formatBytes(bytes),
          String(count),
          formatBytes(bytes * (count - 1)),
        ]),
      )
    : html`<p>No two files of 4 KiB or more have equal bytes.</p>`
}`;
}

function nameOf({ title, digests }: LayerContents): string {
  if (title !== undefined) return title;
  return digests.length > 1 ? `base: ${digests.length} layers` : `base: ${shortDigest(digests[0]!)}`;
}

function topDirectories({ children, bytes }: SizeNode): string {
  const top = children.slice(0, TOP_DIRECTORIES);
  return top.map((child) => `/${child.name} ${Math.round((child.bytes / Math.max(1, bytes)) * 100)}%`).join(', ');
}
