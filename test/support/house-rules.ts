import { posix } from 'node:path';
import type { SourceFile } from './source-tree.ts';

/** Past this ask whether two nouns live in one file. */
const MAX_LINES = 300;

/** What the whole program may import, and what may import the whole program. */
const ERRORS = 'errors.ts';
const INDEX = 'index.ts';

/** For each folder of src the folders it may import beside itself. */
export type ImportTable = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Reads the table of who may import whom from a Markdown page: rows of "`src/x` | job | a b c", where the last
 * cell may also be "nothing", "all" or "all but y".
 */
export function importTable(markdown: string): ImportTable {
  const rows = [...markdown.matchAll(/^\|\s*`src\/([a-z-]+)`\s*\|.*\|\s*([^|]+?)\s*\|\s*$/gm)];
  const folders = rows.map(([, folder]) => folder!);
  return new Map(
    rows.map(([, folder, cell]) => {
      const [word, ...rest] = cell!.split(/[\s,]+/);
      if (word === 'nothing') return [folder!, new Set<string>()];
      if (word !== 'all') return [folder!, new Set([word!, ...rest])];
      return [folder!, new Set(folders.filter((name) => !rest.includes(name)))];
    }),
  );
}

/** Arrows that the table doesn't have. */
export function forbiddenImports(file: SourceFile, table: ImportTable): string[] {
  const from = folderOf(file.path);
  if (file.path === INDEX) return [];
  return file.imports
    .filter((target) => {
      const to = folderOf(target);
      if (target === ERRORS || (from !== '' && to === from)) return false;
      return from === '' || !table.get(from)?.has(to);
    })
    .map((target) => `${file.path} imports ${target}`);
}

function folderOf(path: string): string {
  const [folder, ...rest] = path.split('/');
  return rest.length === 0 ? '' : folder!;
}

/** Everything else that the contributing guide forbids and that can be seen in one file. */
export function ruleBreaks(file: SourceFile): string[] {
  const breaks: string[] = [];
  const lines = file.text.trimEnd().split('\n').length;
  if (lines > MAX_LINES) breaks.push(`${lines} lines`);
  if (/^(utils?|helpers?|common)$/.test(posix.parse(file.path).name.toLowerCase()))
    breaks.push('its name says nothing');
  if (/(^|\/)(utils?|helpers?|common)\//.test(`${posix.dirname(file.path)}/`)) breaks.push('its folder says nothing');
  if (file.path !== INDEX) breaks.push(...barrels(file));
  for (const name of topLevelVariables(file.code)) breaks.push(`module-level variable ${name}`);
  if (!file.path.startsWith('cli/')) breaks.push(...processUses(file));
  return breaks.map((text) => `${file.path}: ${text}`);
}

function barrels({ path, code }: SourceFile): string[] {
  if (posix.basename(path) === 'index.ts') return ['a barrel by its name'];
  if (/\bexport\s*\*/.test(code)) return ['export * is a barrel'];
  const own = code.replace(/\b(import|export)\b[\w\s{},*$]*?\bfrom\s*(['"])[^'"]*\2;?/g, '').trim();
  return own === '' && /\bexport\b/.test(code) ? ['only re-exports'] : [];
}

/** The names of `let` and `var` outside all brackets. */
function topLevelVariables(code: string): string[] {
  const names: string[] = [];
  let depth = 0;
  for (const [token, name] of code.matchAll(/[{}()[\]]|(?<![.\w$])(?:let|var)\s+([\w$]+|[{[])/g)) {
    if (name !== undefined && depth === 0) names.push(name);
    for (const c of token) depth += Number('{(['.includes(c)) - Number('})]'.includes(c));
  }
  return names;
}

function processUses({ code, packages }: SourceFile): string[] {
  const uses = code.matchAll(/\bprocess\s*\??\.\s*(env|argv|argv0|cwd|exit|exitCode|chdir)\b/g);
  const found = [...uses].map(([, name]) => `process.${name} outside src/cli`);
  if (/\bprocess\s*(\?\.)?\[/.test(code)) found.push('process[…] outside src/cli');
  if (packages.some((name) => /^(node:)?process$/.test(name))) found.push('imports node:process outside src/cli');
  return found;
}
