import { printable } from '../printable.ts';

/** Markup that is safe to write as it is. Only html`…` makes it. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Html | string | number | undefined | false | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** Marks that reorder what is read. */
const REORDERING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Whatever is put in is text, in attributes too (which are always quoted), unless it was made by html itself. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(strings.reduce((text, part, i) => text + markup(contents[i - 1]) + part));
}

/** Text of this program's own, such as a style sheet. */
export function raw(text: string): Html {
  return new Html(text);
}

function markup(content: Content): string {
  if (content === undefined || content === false) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map(markup).join('');
  const lines = String(content).split('\n').map(printable).join('\n');
  return lines
    .replace(/[&<>"']/g, (char) => ENTITIES[char]!)
    .replaceAll(REORDERING, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
