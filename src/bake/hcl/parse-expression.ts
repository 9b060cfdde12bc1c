import type { Cursor } from './cursor.ts';
import { parseHeredoc, parseQuoted } from './parse-template.ts';
import { type BinaryOperator, type Expression, type ObjectItem, SPLAT_ITEM } from './syntax.ts';

/** From the loosest to the tightest. */
const OPERATORS: readonly (readonly BinaryOperator[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['>=', '<=', '>', '<'],
  ['+', '-'],
  ['*', '/', '%'],
];
const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const KEYWORDS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** Reads an expression. @throws VarveError `BAKE_SYNTAX` with the line */
export function parseExpression(cursor: Cursor): Expression {
  cursor.skip();
  const from = cursor.position;
  const condition = parseBinary(cursor, 0);
  if (!cursor.takes('?')) return condition;
  const yes = parseExpression(cursor);
  cursor.expect(':', 'between the two results of a condition');
  const no = parseExpression(cursor);
  return { kind: 'conditional', condition, yes, no, location: cursor.location(from) };
}

function parseBinary(cursor: Cursor, level: number): Expression {
  const operators = OPERATORS[level];
  if (!operators) return parseUnary(cursor);
  cursor.skip();
  const from = cursor.position;
  let left = parseBinary(cursor, level + 1);
  for (;;) {
    const operator = operators.find((each) => cursor.takes(each));
    if (!operator) return left;
    const right = parseBinary(cursor, level + 1);
    left = { kind: 'binary', operator, left, right, location: cursor.location(from) };
  }
}

function parseUnary(cursor: Cursor): Expression {
  cursor.skip();
  const from = cursor.position;
  for (const operator of ['-', '!'] as const) {
    if (!cursor.takes(operator)) continue;
    const operand = parseUnary(cursor);
    return { kind: 'unary', operator, operand, location: cursor.location(from) };
  }
  return parseTraversal(cursor);
}

function parseTraversal(cursor: Cursor): Expression {
  cursor.skip();
  const from = cursor.position;
  return traverse(cursor, parseTerm(cursor), from);
}

/** `.name`, `[key]`, `.0`, `.*` and `[*]` after `object`. */
function traverse(cursor: Cursor, start: Expression, from: number, takesIndexes = true): Expression {
  let object = start;
  for (;;) {
    if (cursor.sees('...')) return object;
    if (takesIndexes && cursor.takes('[')) {
      if (cursor.takes('*')) {
        cursor.expect(']', 'after [*');
        return splat(cursor, object, from, true);
      }
      const key = cursor.within(false, () => {
        const read = parseExpression(cursor);
        cursor.expect(']', 'after an index');
        return read;
      });
      object = { kind: 'index', object, key, location: cursor.location(from) };
      continue;
    }
    if (!cursor.takes('.')) return object;
    // What follows .* is of each item up to the first index, which is of the list.
    if (cursor.takes('*')) {
      object = splat(cursor, object, from, false);
      continue;
    }
    const index = cursor.match(/\d+/y);
    const location = cursor.location(from);
    object = index
      ? { kind: 'index', object, key: { kind: 'literal', value: Number(index[0]), location }, location }
      : { kind: 'attribute', object, name: cursor.identifier('the name after a dot'), location };
  }
}

function splat(cursor: Cursor, object: Expression, from: number, takesIndexes: boolean): Expression {
  const location = cursor.location(from);
  const each = traverse(cursor, { kind: 'variable', name: SPLAT_ITEM, location }, cursor.position, takesIndexes);
  return { kind: 'splat', object, each, location };
}

function parseTerm(cursor: Cursor): Expression {
  cursor.skip();
  const from = cursor.position;
  if (cursor.takes('(')) {
    const inner = cursor.within(false, () => {
      const read = parseExpression(cursor);
      cursor.expect(')', 'after an expression in parentheses');
      return read;
    });
    return inner;
  }
  if (cursor.sees('"')) return parseQuoted(cursor, parseExpression);
  if (cursor.sees('<<')) return parseHeredoc(cursor, parseExpression);
  if (cursor.takes('[')) return parseTuple(cursor, from);
  if (cursor.takes('{')) return parseObject(cursor, from);
  const number = cursor.match(NUMBER);
  if (number) return { kind: 'literal', value: Number(number[0]), location: cursor.location(from) };
  const name = cursor.identifier('an expression');
  const keyword = KEYWORDS.get(name);
  if (keyword !== undefined) return { kind: 'literal', value: keyword, location: cursor.location(from) };
  // A function's name may have a namespace, which no function of bake has.
  if (cursor.text[cursor.position] === '(' || cursor.sees('(')) return parseCall(cursor, name, from);
  return { kind: 'variable', name, location: cursor.location(from) };
}

function parseCall(cursor: Cursor, name: string, from: number): Expression {
  cursor.expect('(', 'after a function');
  return cursor.within(false, () => {
    const args: Expression[] = [];
    let isSpread = false;
    while (!cursor.takes(')')) {
      args.push(parseExpression(cursor));
      isSpread = cursor.takes('...');
      if (cursor.takes(')')) break;
      if (isSpread) throw cursor.error(`only the last argument of ${name} can have ...`);
      cursor.expect(',', `between the arguments of ${name}`);
    }
    return { kind: 'call', name, args, isSpread, location: cursor.location(from) };
  });
}

function parseTuple(cursor: Cursor, from: number): Expression {
  return cursor.within(false, () => {
    if (cursor.takesWord('for')) return parseFor(cursor, from, ']');
    const items: Expression[] = [];
    while (!cursor.takes(']')) {
      items.push(parseExpression(cursor));
      if (cursor.takes(']')) break;
      cursor.expect(',', 'between the items of a list');
    }
    return { kind: 'tuple', items, location: cursor.location(from) };
  });
}

function parseObject(cursor: Cursor, from: number): Expression {
  const start = cursor.position;
  cursor.skipLines();
  if (cursor.takesWord('for') && !cursor.sees('=') && !cursor.sees(':'))
    return cursor.within(false, () => parseFor(cursor, from, '}'));
  cursor.position = start;
  return cursor.within(true, () => {
    const items: ObjectItem[] = [];
    for (;;) {
      cursor.skipLines();
      if (cursor.takes('}')) return { kind: 'object', items, location: cursor.location(from) };
      items.push(parseItem(cursor));
      if (cursor.takes(',') || cursor.sees('\n') || cursor.sees('}')) continue;
      throw cursor.error(`a comma or a new line is missing between the items of an object${cursor.found()}`);
    }
  });
}

function parseItem(cursor: Cursor): ObjectItem {
  const from = cursor.position;
  const name = cursor.peekIdentifier();
  let key: Expression | undefined;
  if (name !== undefined) {
    cursor.position += name.length;
    // A bare name is a key, not a variable.
    if (cursor.sees(':') || (cursor.sees('=') && !cursor.sees('==')))
      key = { kind: 'literal', value: name, location: cursor.location(from) };
    else cursor.position = from;
  }
  key ??= parseExpression(cursor);
  if (!cursor.takes('=')) cursor.expect(':', 'after the key of an object');
  return { key, value: parseExpression(cursor) };
}

function parseFor(cursor: Cursor, from: number, end: ']' | '}'): Expression {
  const first = cursor.identifier('the variable of a for');
  const second = cursor.takes(',') ? cursor.identifier('the second variable of a for') : undefined;
  if (!cursor.takesWord('in')) throw cursor.error(`"in" is missing in a for${cursor.found()}`);
  const collection = parseExpression(cursor);
  cursor.expect(':', 'after the collection of a for');
  const result = parseExpression(cursor);
  const mapped = end === '}' ? keyed(cursor) : undefined;
  const isGrouped = cursor.takes('...');
  const condition = cursor.takesWord('if') ? parseExpression(cursor) : undefined;
  cursor.expect(end, 'after a for');
  return {
    kind: 'for',
    keyName: second === undefined ? undefined : first,
    valueName: second ?? first,
    collection,
    key: mapped && result,
    value: mapped ?? result,
    condition,
    isGrouped,
    location: cursor.location(from),
  };
}

function keyed(cursor: Cursor): Expression {
  cursor.expect('=>', 'in a for that makes an object');
  return parseExpression(cursor);
}
