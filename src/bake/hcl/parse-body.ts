import { Cursor } from './cursor.ts';
import { parseExpression } from './parse-expression.ts';
import type { Attribute, Block, Body } from './syntax.ts';

/**
 * Reads a file in HCL's native syntax.
 * @throws VarveError `BAKE_SYNTAX` with the line
 */
export function parseHcl(file: string, text: string): Body {
  const cursor = new Cursor(file, text);
  return readBody(cursor, undefined);
}

function readBody(cursor: Cursor, end: '}' | undefined): Body {
  const attributes = new Map<string, Attribute>();
  const blocks: Block[] = [];
  for (;;) {
    cursor.skipLines();
    if (cursor.isAtEnd()) {
      if (end) throw cursor.error('a block has no closing brace');
      return { attributes, blocks };
    }
    if (end && cursor.takes(end)) return { attributes, blocks };
    const from = cursor.position;
    const name = cursor.identifier('the name of an attribute or a block');
    if (cursor.takes('=')) {
      if (attributes.has(name)) throw cursor.error(`${name} is set twice in one block`, from);
      const value = parseExpression(cursor);
      attributes.set(name, { name, value, location: cursor.location(from) });
    } else blocks.push(readBlock(cursor, name, from));
    if (cursor.isAtEnd() || cursor.sees('\n') || (end && cursor.sees(end))) continue;
    throw cursor.error(`a new line is missing after ${name}${cursor.found()}`);
  }
}

const LABEL = /"((?:[^"\\\n]|\\.)*)"/y;

function readBlock(cursor: Cursor, type: string, from: number): Block {
  const labels: string[] = [];
  while (!cursor.takes('{')) {
    const quoted = cursor.match(LABEL);
    if (quoted?.[1]?.includes('${'))
      throw cursor.error(`the label ${quoted[0]} is a template; a block's labels are plain text`);
    labels.push(quoted ? quoted[1]!.replace(/\\(.)/g, '$1') : cursor.identifier(`= or a block after ${type}`));
  }
  const location = cursor.location(from);
  return { type, labels, body: readBody(cursor, '}'), location };
}
