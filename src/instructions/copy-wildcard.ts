import { bytesToText } from '../dockerfile/byte-text.ts';
import { createFileMatch } from '../dockerfile/file-match.ts';
import { type BytePath, joinBytes } from '../io/byte-path.ts';
import type { FileSource } from '../snapshot/file-source.ts';

/** Whether a word has an unescaped `*`, `?` or `[`. */
export function containsWildcard(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (char === '*' || char === '?' || char === '[') return true;
  }
  return false;
}

/** A clean path cut before its first part with a wildcard: what is looked up, and what is matched below it. */
export function splitWildcard(path: string): { base: string; pattern: string } {
  const parts = path.split('/');
  const cut = parts.findIndex(containsWildcard);
  if (cut < 0) return { base: path, pattern: '' };
  return { base: parts.slice(0, cut).join('/'), pattern: parts.slice(cut).join('/') };
}

/**
 * Paths below `base` that match a pattern of Go's filepath.Match as a whole, in walk order. What is below a match is not
 * looked at, and no link is followed: as BuildKit.
 * @throws VarveError `PATTERN` for a malformed pattern, whatever there is
 */
export async function expandWildcard(source: FileSource, base: BytePath, pattern: string): Promise<BytePath[]> {
  const matches = matcher(pattern);
  // A class or an escape may match a slash (`sub[^x]f` matches `sub/f`); else each `/` of the pattern is one level.
  const levels = /[[\\]/.test(pattern) ? undefined : pattern.split('/').map(matcher);
  const found: BytePath[] = [];
  const walk = async (dir: BytePath, relative: BytePath, depth: number): Promise<void> => {
    for (const { name, entry } of await source.list(dir)) {
      const path = joinBytes(relative, name);
      const mayMatch = levels === undefined || depth === levels.length;
      if (mayMatch && matches(path)) {
        found.push(joinBytes(base, path));
      } else if (
        entry.type === 'dir' &&
        (levels === undefined || (depth < levels.length && levels[depth - 1]?.(name)))
      ) {
        await walk(joinBytes(dir, name), path, depth + 1);
      }
    }
  };
  await walk(base, '', 1);
  return found;
}

/** The pattern as a question about byte strings. @throws VarveError `PATTERN` */
function matcher(pattern: string): (path: BytePath) => boolean {
  const matches = createFileMatch(pattern);
  return (path) => matches(bytesToText(path));
}
