import { type Content, type Html, html, raw } from './html.ts';
import { PAGE_STYLE } from './page-style.ts';

/** A whole document that needs nothing else and may run nothing: its policy says so to the browser. */
export function page(title: string, content: Content): string {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${raw(PAGE_STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<main id="main">
${content}
</main>
</body>
</html>
`;
  return document.text;
}

/** Figures side by side. */
export function tiles(entries: readonly (readonly [name: string, value: string, more?: string | undefined])[]): Html {
  return html`<dl class="tiles">${entries.map(
    ([
      name,
      value,
      more,
    ]) => html`<div><dt>${name}</dt><dd>${value}${more ? html`<small>${more}</small>` : ''}</dd></div>
`,
  )}</dl>`;
}

export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
  readonly isCode?: boolean;
}

/** A table that scrolls by itself where it is too wide, and is a list on a phone. The first column names its row. */
export function table(caption: string, columns: readonly Column[], rows: readonly (readonly Content[])[]): Html {
  const classOf = ({ isNumber, isCode }: Column): string => (isNumber ? 'number' : isCode ? 'code' : '');
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="stack">
<caption>${caption}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col" class="${classOf(column)}">${column.title}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) => html`<tr>${row.map((cell, i) =>
      i === 0
        ? html`<th scope="row" class="${classOf(columns[0]!)}">${cell}</th>`
        : html`<td class="${classOf(columns[i]!)}" data-label="${columns[i]!.title}">${cell}</td>`,
    )}</tr>
`,
  )}</tbody></table></div>`;
}
