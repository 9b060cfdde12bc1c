import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { importsOf } from './imports.ts';
import { blankText } from './source-text.ts';

export interface SourceFile {
  /** Relative to the tree's root, for example `oci/digest.ts`. */
  readonly path: string;
  readonly text: string;
  /** The text without comments and the insides of strings, offsets unchanged. */
  readonly code: string;
  /** Files of the tree that this one imports, relative to the root. What leads out of the tree starts with `..`. */
  readonly imports: readonly string[];
  /** Packages and Node's modules that it imports. */
  readonly packages: readonly string[];
}

/** Reads all TypeScript files below a directory. */
export function readSourceTree(root: string): SourceFile[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.[cm]?[jt]s$/.test(path))
    .sort()
    .map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')));
}

export function sourceFile(path: string, text: string): SourceFile {
  const specifiers = importsOf(text).map(({ specifier }) => specifier);
  const local = specifiers.filter((specifier) => specifier.startsWith('.'));
  return {
    path,
    text,
    code: blankText(text),
    imports: [...new Set(local.map((specifier) => posix.join(posix.dirname(path), specifier)))],
    packages: [...new Set(specifiers.filter((specifier) => !specifier.startsWith('.')))],
  };
}

/** The import cycles of a tree, each as the files in order, the first one repeated at the end. */
export function cyclesOf(files: readonly SourceFile[]): string[][] {
  const imports = new Map(files.map((file) => [file.path, file.imports]));
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const seen = trail.indexOf(path);
    if (seen >= 0) cycles.push([...trail.slice(seen), path]);
    if (seen >= 0 || done.has(path)) return;
    for (const next of imports.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return cycles;
}
