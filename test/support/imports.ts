import { blankText } from './source-text.ts';

export interface Import {
  readonly specifier: string;
  /** True for `import x from './a.ts'` and the like, false where the module's text is only pointed at. */
  readonly kind: 'import' | 're-export' | 'dynamic' | 'url';
}

/** `import a from 'b'`, `import type …`, `export … from`; `export` alone never runs over a `;`, a quote or an `=`. */
const STATEMENT = /\b(import|export)\b([\w\s{},*$]*?)\bfrom\s*(['"])/g;
const BARE = /\bimport\s*(['"])/g;
/** Also the type `import('./a.ts').Name`. */
const DYNAMIC = /\b(?:import|require)\s*\(\s*(['"])?/g;
const URL_OR_RESOLVE = /(?:\bnew\s+URL|\bimport\.meta\.resolve)\s*\(\s*(['"])/g;

/**
 * Every module that a source file names, in every form that TypeScript has.
 * @throws Error for a dynamic import of something other than a plain string, which no reader can follow.
 */
export function importsOf(source: string): Import[] {
  const code = blankText(source);
  const found: Import[] = [];
  const stringAt = (quote: number) => source.slice(quote + 1, code.indexOf(code[quote]!, quote + 1));
  for (const match of code.matchAll(STATEMENT)) {
    const kind = match[1] === 'import' ? 'import' : 're-export';
    found.push({ specifier: stringAt(match.index + match[0].length - 1), kind });
  }
  for (const match of code.matchAll(BARE)) {
    found.push({ specifier: stringAt(match.index + match[0].length - 1), kind: 'import' });
  }
  for (const match of code.matchAll(DYNAMIC)) {
    if (match[1] === undefined) throw new Error(`a dynamic import of something other than a string: ${match[0]}`);
    found.push({ specifier: stringAt(match.index + match[0].length - 1), kind: 'dynamic' });
  }
  for (const match of code.matchAll(URL_OR_RESOLVE)) {
    const specifier = stringAt(match.index + match[0].length - 1);
    if (/^\.\.?\/.*\.[cm]?[jt]s$/.test(specifier)) found.push({ specifier, kind: 'url' });
  }
  return found;
}
