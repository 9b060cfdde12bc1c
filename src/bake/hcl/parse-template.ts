import { Cursor } from './cursor.ts';
import type { Expression, TemplatePart } from './syntax.ts';

type ReadExpression = (cursor: Cursor) => Expression;

/** What ends a list of parts: the end of the text, or the keyword of a directive. */
type End = 'end' | 'else' | 'endif' | 'endfor';

interface Parts {
  readonly parts: TemplatePart[];
  readonly end: End;
}

interface Reading {
  readonly cursor: Cursor;
  readonly expression: ReadExpression;
  /** Where a string ends; undefined is the end of the text. */
  readonly quote: '"' | undefined;
  readonly unescapes: boolean;
  /** Set by `~}`: white space that follows is dropped. */
  strips: boolean;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

/** `"…"` with `${}` and `%{}`. */
export function parseQuoted(cursor: Cursor, expression: ReadExpression): Expression {
  const from = cursor.position;
  cursor.position++;
  const { parts } = readParts({ cursor, expression, quote: '"', unescapes: true, strips: false });
  cursor.position++;
  return template(parts, cursor, from);
}

/** A text that is a template as a whole: a string of a JSON file. */
export function parseTemplate(cursor: Cursor, expression: ReadExpression): Expression {
  const { parts } = readParts({ cursor, expression, quote: undefined, unescapes: false, strips: false });
  return template(parts, cursor, 0);
}

const HEREDOC = /<<(-?)([\p{ID_Start}_][\p{ID_Continue}-]*)[ \t\r]*\n/uy;

/** `<<WORD` or `<<-WORD` to the line that is WORD: no escapes but `$${` and `%%{`. */
export function parseHeredoc(cursor: Cursor, expression: ReadExpression): Expression {
  const from = cursor.position;
  const start = cursor.match(HEREDOC);
  if (!start) throw cursor.error('a heredoc begins with << or <<-, a word, and the end of the line');
  const [, flush, word = ''] = start;
  const line = cursor.line() - 1;
  const lines: string[] = [];
  for (;;) {
    if (cursor.isAtEnd()) throw cursor.error(`the heredoc has no line ${word} that ends it`, from);
    const end = cursor.text.indexOf('\n', cursor.position);
    const text = cursor.text.slice(cursor.position, end < 0 ? undefined : end);
    // The newline after the last line is the attribute's own.
    cursor.position = end < 0 ? cursor.text.length : end;
    if (text.trim() === word) break;
    lines.push(text);
    cursor.position = Math.min(cursor.position + 1, cursor.text.length);
  }
  const kept = flush === '-' ? withoutIndent(lines) : lines;
  const inner = new Cursor(cursor.file, kept.map((each) => `${each}\n`).join(''), line);
  return { ...parseTemplate(inner, expression), location: cursor.location(from) };
}

function withoutIndent(lines: readonly string[]): string[] {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => /^[ \t]*/.exec(line)![0].length);
  const indent = indents.length ? Math.min(...indents) : 0;
  return lines.map((line) => line.slice(Math.min(indent, /^[ \t]*/.exec(line)![0].length)));
}

function template(parts: readonly TemplatePart[], cursor: Cursor, from: number): Expression {
  const location = cursor.location(from);
  const [only] = parts;
  // "${x}" is x itself, whatever its type.
  if (parts.length === 1 && typeof only === 'object' && only.kind === 'interpolation') return only.expression;
  if (parts.every((part) => typeof part === 'string')) return { kind: 'literal', value: parts.join(''), location };
  return { kind: 'template', parts, location };
}

function readParts(reading: Reading): Parts {
  const { cursor, quote } = reading;
  const parts: TemplatePart[] = [];
  for (;;) {
    const literal = readLiteral(reading);
    const opens = cursor.text.startsWith('${', cursor.position) || cursor.text.startsWith('%{', cursor.position);
    const strips = opens && cursor.text[cursor.position + 2] === '~';
    const text = strips ? literal.trimEnd() : literal;
    if (text !== '') parts.push(text);
    if (!opens) {
      if (quote && cursor.isAtEnd()) throw cursor.error('the string has no closing quote');
      return { parts, end: 'end' };
    }
    const isDirective = cursor.text[cursor.position] === '%';
    cursor.position += strips ? 3 : 2;
    if (!isDirective) {
      parts.push({ kind: 'interpolation', expression: inside(reading, reading.expression) });
      close(reading);
      continue;
    }
    const end = readDirective(reading, parts);
    if (end) return { parts, end };
  }
}

function inside<T>({ cursor }: Reading, read: (cursor: Cursor) => T): T {
  return cursor.within(false, () => read(cursor));
}

function close(reading: Reading): void {
  const { cursor } = reading;
  inside(reading, () => {
    cursor.skip();
    reading.strips = cursor.takes('~');
    cursor.expect('}', 'after an expression in a string');
  });
}

/** @returns the keyword when it ends the parts that are being read */
function readDirective(reading: Reading, parts: TemplatePart[]): End | undefined {
  const { cursor } = reading;
  const keyword = inside(reading, () => cursor.identifier('if, else, endif, for or endfor'));
  if (keyword === 'else' || keyword === 'endif' || keyword === 'endfor') {
    close(reading);
    return keyword;
  }
  if (keyword === 'if') {
    const condition = inside(reading, reading.expression);
    close(reading);
    const yes = readParts(reading);
    const no: Parts = yes.end === 'else' ? readParts(reading) : { parts: [], end: yes.end };
    if (no.end !== 'endif') throw cursor.error('%{ if } has no %{ endif }');
    parts.push({ kind: 'if', condition, yes: yes.parts, no: no.parts });
    return undefined;
  }
  if (keyword !== 'for') throw cursor.error(`%{ ${keyword} } is no directive`);
  const header = inside(reading, () => {
    const first = cursor.identifier('the variable of a for');
    const second = cursor.takes(',') ? cursor.identifier('the second variable of a for') : undefined;
    if (!cursor.takesWord('in')) throw cursor.error('"in" is missing in %{ for }');
    return { keyName: second && first, valueName: second ?? first, collection: reading.expression(cursor) };
  });
  close(reading);
  const body = readParts(reading);
  if (body.end !== 'endfor') throw cursor.error('%{ for } has no %{ endfor }');
  parts.push({ kind: 'for', ...header, body: body.parts });
  return undefined;
}

/** Up to the end, `${` or `%{`. */
function readLiteral(reading: Reading): string {
  const { cursor, quote, unescapes } = reading;
  let text = '';
  for (; !cursor.isAtEnd(); ) {
    const char = cursor.text[cursor.position]!;
    const next = cursor.text[cursor.position + 1] ?? '';
    if (char === quote) break;
    if (quote && char === '\n') throw cursor.error('the string has no closing quote on its line');
    if ((char === '$' || char === '%') && next === char && cursor.text[cursor.position + 2] === '{') {
      text += `${char}{`;
      cursor.position += 3;
    } else if ((char === '$' || char === '%') && next === '{') break;
    else if (unescapes && char === '\\') text += unescaped(cursor, next);
    else {
      text += char;
      cursor.position++;
    }
  }
  const kept = reading.strips ? text.trimStart() : text;
  reading.strips = false;
  return kept;
}

function unescaped(cursor: Cursor, next: string): string {
  const code = cursor.match(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/y);
  if (code) return String.fromCodePoint(Number.parseInt(code[1] ?? code[2]!, 16));
  const plain = ESCAPES[next];
  if (plain === undefined) throw cursor.error(`\\${next} is no escape; a backslash is written \\\\`);
  cursor.position += 2;
  return plain;
}
