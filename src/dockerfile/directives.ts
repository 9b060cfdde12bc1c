import { VarveError } from '../errors.ts';
import type { Directives } from './ast.ts';
import { syntaxError } from './syntax-error.ts';
import { trimSpaceLeft } from './white-space.ts';

/** The directives there are. */
export const DIRECTIVES = ['syntax', 'escape', 'check'] as const;
type DirectiveName = (typeof DIRECTIVES)[number];

export interface Directive {
  readonly name: DirectiveName;
  readonly value: string;
  /** Line from 1; 0 for a value from a JSON document. */
  readonly line: number;
}

/** What counts as the built-in language: the official frontend in any version. */
const BUILT_IN = /^(?:(?:index\.)?docker\.io\/)?docker\/dockerfile(?:-upstream)?(?:[:@].*)?$|^dockerfile\.v0$/;

/**
 * Reads directives, which stand at the top only: the first line that is none ends them.
 * https://docs.docker.com/reference/dockerfile/#parser-directives
 */
export class DirectiveReader {
  readonly #prefix: string;
  readonly #seen = new Set<string>();
  #line: number;
  #done = false;

  /** @param prefix `#`, or `//` for other frontends' files */
  constructor(prefix = '#', firstLine = 1) {
    this.#prefix = prefix;
    this.#line = firstLine - 1;
  }

  /** @throws VarveError DOCKERFILE_SYNTAX when one stands there twice */
  read(line: string): Directive | undefined {
    this.#line++;
    if (this.#done) return undefined;
    const directive = this.#match(line);
    if (directive === undefined) {
      this.#done = true;
      return undefined;
    }
    if (this.#seen.has(directive.name)) {
      throw syntaxError(`only one ${directive.name} parser directive can be used`, undefined, 'remove the second one');
    }
    this.#seen.add(directive.name);
    return directive;
  }

  #match(line: string): Directive | undefined {
    if (!line.startsWith(this.#prefix)) return undefined;
    const match = /^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+)$/.exec(trimSpaceLeft(line.slice(this.#prefix.length)).trimEnd());
    const name = DIRECTIVES.find((known) => known === match?.[1]?.toLowerCase());
    return name === undefined ? undefined : { name, value: match?.[2] ?? '', line: this.#line };
  }
}

/**
 * Finds `syntax=` in any form that names a frontend: `#` or `//` comments, below a `#!` line, or a JSON document.
 *
 * @returns the whole value; its first word is the image
 */
export function detectSyntax(source: string): Directive | undefined {
  return findDirective(source, 'syntax', ['#', '//']) ?? syntaxOfJson(source);
}

/** The first directive of this name, read with each comment mark in turn; a first line `#!…` counts for nothing. */
export function findDirective(source: string, name: DirectiveName, prefixes = ['#']): Directive | undefined {
  const lines = source.replace(/^\ufeff/, '').split('\n');
  const skipped = lines[0]?.startsWith('#!') ? 1 : 0;
  for (const prefix of prefixes) {
    const reader = new DirectiveReader(prefix, skipped + 1);
    for (const line of lines.slice(skipped)) {
      let directive: Directive | undefined;
      try {
        directive = reader.read(line);
      } catch {
        break;
      }
      if (directive === undefined) break;
      if (directive.name === name) return directive;
    }
  }
  return undefined;
}

function syntaxOfJson(source: string): Directive | undefined {
  if (!/^\ufeff?\s*\{/.test(source)) return undefined;
  try {
    const document: unknown = JSON.parse(source.replace(/^\ufeff/, ''));
    if (typeof document !== 'object' || document === null || !('syntax' in document)) return undefined;
    return typeof document.syntax === 'string' ? { name: 'syntax', value: document.syntax, line: 0 } : undefined;
  } catch {
    return undefined;
  }
}

/** The image that a `syntax` value names: its first word. */
export function frontendOf(value: string): string {
  return value.split(' ', 1)[0]!;
}

/** @throws VarveError DOCKERFILE_FRONTEND unless the file is written for docker/dockerfile, which varve itself reads */
export function requireBuiltIn(syntax: Directive, file: string): void {
  const frontend = frontendOf(syntax.value);
  if (BUILT_IN.test(frontend)) return;
  const line = Math.max(1, syntax.line);
  throw new VarveError(
    'DOCKERFILE_FRONTEND',
    `the Dockerfile asks for the frontend ${frontend}, which varve cannot run`,
    {
      hint: 'varve reads docker/dockerfile and docker/dockerfile-upstream itself; remove the syntax line if it is plain Dockerfile',
      location: { file, start: line, end: line },
    },
  );
}

/** The directives of a file as the syntax tree has them. */
export function directivesOf(source: string, escapeChar: string): Directives {
  const syntax = detectSyntax(source);
  const check = findDirective(source, 'check');
  return {
    ...(syntax === undefined ? {} : { syntax: frontendOf(syntax.value) }),
    escape: escapeChar,
    ...(check === undefined ? {} : { check: check.value }),
  };
}

/** @throws VarveError DOCKERFILE_SYNTAX */
export function checkEscape(value: string): string {
  if (value === '\\' || value === '`') return value;
  throw syntaxError(
    `invalid escape token '${value}' does not match \` or \\`,
    undefined,
    'write # escape=\\ or # escape=`, or leave it out',
  );
}
