import type { SourceLocation } from '../errors.ts';
import { checkEscape, DirectiveReader } from './directives.ts';
import { chompHeredoc, heredocMarks } from './heredoc.ts';
import type { DockerfileNode, NodeHeredoc, NodeList, NodeWarning } from './node.ts';
import { parseArgs } from './node-args.ts';
import { SourceLines } from './source-lines.ts';
import { splitInstruction } from './split-instruction.ts';
import { located, syntaxError } from './syntax-error.ts';
import { trimSpace, trimSpaceLeft } from './white-space.ts';

const HEREDOC_INSTRUCTIONS: readonly string[] = ['add', 'copy', 'run'];

/**
 * Reads a Dockerfile into instructions without looking at what they mean: directives, comments, continuation lines,
 * flags, argument forms and heredocs.
 *
 * @throws VarveError DOCKERFILE_SYNTAX or SUBSTITUTION, with a location
 */
export function parseNodes(bytes: Uint8Array, file: string): NodeList {
  return new NodeParser(new SourceLines(bytes, file)).parse();
}

class NodeParser {
  readonly #lines: SourceLines;
  readonly #directives = new DirectiveReader();
  readonly #nodes: DockerfileNode[] = [];
  readonly #warnings: NodeWarning[] = [];
  #escape = '\\';
  #comments: string[] = [];

  constructor(lines: SourceLines) {
    this.#lines = lines;
  }

  parse(): NodeList {
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      const text = trimSpaceLeft(trimLineEnd(line));
      const isDirective = this.#readDirective(text);
      if (isComment(line)) {
        if (!isDirective) this.#addComment(line);
      } else if (text !== '') {
        this.#instruction(text);
        this.#comments = [];
      }
    }
    if (this.#nodes.length === 0) {
      throw syntaxError(
        'file with no instructions: the Dockerfile cannot be empty',
        this.#lines.location(Math.max(1, this.#lines.line)),
        'a Dockerfile needs a FROM',
      );
    }
    return { nodes: this.#nodes, warnings: this.#warnings, escape: this.#escape };
  }

  #readDirective(text: string): boolean {
    return located(this.#lines.location(this.#lines.line), () => {
      const directive = this.#directives.read(text);
      if (directive?.name === 'escape') this.#escape = checkEscape(directive.value);
      return directive !== undefined;
    });
  }

  #addComment(line: string): void {
    // As in BuildKit, one character goes, even when it is a blank before the `#`.
    const comment = trimSpace(line.slice(1));
    if (comment === '') this.#comments = [];
    else this.#comments.push(comment);
  }

  #instruction(first: string): void {
    const start = this.#lines.line;
    const line = this.#joinLines(first);
    const node = located(this.#lines.location(start), () => nodeOf(line, this.#escape));
    const heredocs = canHoldHeredocs(node) ? this.#heredocs(line, start) : [];
    this.#nodes.push({ ...node, heredocs, start, end: this.#lines.line, comments: this.#comments });
  }

  #joinLines(first: string): string {
    let { text, continues } = this.#cutContinuation(first);
    let hasEmptyLine = false;
    const parts = [text];
    while (continues) {
      const line = this.#lines.next();
      if (line === undefined) break;
      if (isComment(line)) continue;
      const trimmed = trimLineEnd(line);
      if (trimSpaceLeft(trimmed) === '') {
        hasEmptyLine = true;
        continue;
      }
      ({ text, continues } = this.#cutContinuation(trimmed));
      parts.push(text);
    }
    const joined = parts.join('');
    if (hasEmptyLine) {
      this.#warnings.push({ message: `Empty continuation line found in: ${joined}`, line: this.#lines.line });
    }
    return joined;
  }

  /** The escape character as the last thing but blanks continues a line, unless it is itself escaped. */
  #cutContinuation(line: string): { text: string; continues: boolean } {
    let end = line.length;
    while (line[end - 1] === ' ' || line[end - 1] === '\t') end--;
    const continues = line[end - 1] === this.#escape && line[end - 2] !== this.#escape;
    return { text: continues ? line.slice(0, end - 1) : line, continues };
  }

  #heredocs(line: string, start: number): NodeHeredoc[] {
    const marks = located(this.#lines.location(start), () => heredocMarks(line));
    return marks.map((mark) => ({ ...mark, content: this.#heredocBody(mark.name, mark.chomp, start) }));
  }

  #heredocBody(name: string, chomp: boolean, start: number): string {
    const body: string[] = [];
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      const text = trimLineEnd(line);
      if ((chomp ? chompHeredoc(text) : text) === name) return body.join('');
      body.push(line);
    }
    throw syntaxError(
      `unterminated heredoc ${JSON.stringify(name)}`,
      this.#lines.location(start),
      `a line with ${name} and nothing else ends it`,
    );
  }
}

/** One instruction from its joined lines. @throws VarveError without a location */
function nodeOf(line: string, escapeChar: string, isTrigger = false): DockerfileNode {
  const { name, flags, rest } = splitInstruction(line);
  const base = { name, flags, original: line, heredocs: [], start: 0, end: 0, comments: [] };
  if (name.toLowerCase() !== 'onbuild') return { ...base, ...parseArgs(name, rest, escapeChar) };
  if (isTrigger)
    throw syntaxError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", undefined, 'drop one ONBUILD');
  if (rest === '') return { ...base, args: [], json: false };
  const child = nodeOf(rest, escapeChar, true);
  return { ...base, args: [''], json: false, child };
}

function canHoldHeredocs(node: DockerfileNode): boolean {
  const inner = node.child ?? node;
  return HEREDOC_INSTRUCTIONS.includes(inner.name.toLowerCase()) && !inner.json;
}

function isComment(line: string): boolean {
  return trimSpaceLeft(line).startsWith('#');
}

function trimLineEnd(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\n' || line[end - 1] === '\r') end--;
  return line.slice(0, end);
}

/** Where a node stands. */
export function locationOf(node: DockerfileNode, file: string): SourceLocation {
  return { file, start: node.start, end: node.end };
}
