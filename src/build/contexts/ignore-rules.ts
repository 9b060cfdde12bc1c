import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseIgnoreFile } from '../../dockerfile/ignore-file.ts';
import { createPatternMatcher, type PatternMatcher } from '../../dockerfile/pattern-matcher.ts';
import { readSmallFile } from '../../instructions/read-small-file.ts';
import { fromText } from '../../io/byte-path.ts';
import type { Ignores } from '../../snapshot/directory-visibility.ts';
import type { FileSource } from '../../snapshot/file-source.ts';

/**
 * The rules of `<Dockerfile>.dockerignore`, else of `.dockerignore` at the context's root; undefined without either.
 * @param dockerfile its path; undefined for a named context, which has its own rules only
 */
export async function loadIgnores(
  context: string,
  dockerfile: string | undefined,
): Promise<PatternMatcher | undefined> {
  return rulesOf(await readIgnores(context, dockerfile));
}

/** The text of that file. */
export async function readIgnores(context: string, dockerfile: string | undefined): Promise<Buffer | undefined> {
  const own = dockerfile === undefined ? undefined : await readIfThere(`${dockerfile}.dockerignore`);
  return own ?? readIfThere(join(context, '.dockerignore'));
}

/** The same of a context that is no directory on disk. @param dockerfile its path on disk or, when it is not there, in the context */
export async function sourceIgnores(
  source: FileSource,
  dockerfile: { readonly onDisk: string | undefined; readonly inContext: string | undefined },
): Promise<PatternMatcher | undefined> {
  const { onDisk, inContext } = dockerfile;
  const own =
    (onDisk === undefined ? undefined : await readIfThere(`${onDisk}.dockerignore`)) ??
    (inContext === undefined ? undefined : await readSmallFile(source, fromText(`${inContext}.dockerignore`)));
  return rulesOf(own ?? (await readSmallFile(source, '.dockerignore')));
}

/** The rules of such a file; undefined when it has none. */
export function rulesOf(bytes: Uint8Array | undefined): PatternMatcher | undefined {
  if (!bytes) return undefined;
  const patterns = parseIgnoreFile(bytes);
  return patterns.length === 0 ? undefined : createPatternMatcher(patterns);
}

/** Those rules as the walk of a directory asks for them. */
export function ignoresOf(matcher: PatternMatcher): Ignores {
  return (path, isDir) => {
    if (!matcher.matches(path)) return 'include';
    return isDir && !matcher.couldContainExceptions(path) ? 'exclude-tree' : 'exclude';
  };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
