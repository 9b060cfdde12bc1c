import { VarveError } from '../../errors.ts';
import {
  type BinaryOperator,
  type Expression,
  type ForExpression,
  SPLAT_ITEM,
  type TemplatePart,
} from '../hcl/syntax.ts';
import { toBool, toNumber, toText, unified } from './convert.ts';
import { convertTo, parseType } from './type-constraint.ts';
import { areEqual, hasField, isList, isObject, makeObject, typeName, type Value } from './value.ts';

/** What an expression can name. Each throws VarveError for what is not there. */
export interface Scope {
  variable(name: string): Value;
  /** Whether `name` names blocks (`target.app.tags`), not a variable. */
  isBlockType(name: string): boolean;
  /** An attribute of a block; the whole block without one. */
  block(type: string, name: string, attribute: string | undefined): Value;
  call(name: string, args: readonly Value[]): Value;
}

/** Variables that an expression itself brings in, over a scope. */
export function withLocals(scope: Scope, locals: ReadonlyMap<string, Value>): Scope {
  return {
    ...scope,
    variable: (name) => (locals.has(name) ? locals.get(name)! : scope.variable(name)),
    isBlockType: (name) => !locals.has(name) && scope.isBlockType(name),
  };
}

/**
 * What an expression comes to.
 * @throws VarveError `BAKE_VALUE` with the line
 */
export function evaluate(expression: Expression, scope: Scope): Value {
  try {
    return compute(expression, scope);
  } catch (error) {
    throw error instanceof VarveError ? error.at(expression.location) : error;
  }
}

function compute(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'template':
      return textOf(expression.parts, scope);
    case 'tuple':
      return expression.items.map((item) => evaluate(item, scope));
    case 'object':
      return makeObject(
        expression.items.map(({ key, value }) => [toText(evaluate(key, scope)), evaluate(value, scope)] as const),
      );
    case 'for':
      return loop(expression, scope);
    case 'conditional':
      return choose(expression, scope);
    case 'unary': {
      const operand = evaluate(expression.operand, scope);
      return expression.operator === '-' ? -toNumber(operand) : !toBool(operand);
    }
    case 'binary':
      return operate(expression.operator, evaluate(expression.left, scope), () => evaluate(expression.right, scope));
    case 'call':
      return call(expression, scope);
    case 'variable':
      if (scope.isBlockType(expression.name)) throw problem(`cannot access ${expression.name} as a variable`);
      return scope.variable(expression.name);
    case 'attribute': {
      const block = blockValue(expression, scope);
      return block === undefined ? attribute(evaluate(expression.object, scope), expression.name) : block;
    }
    case 'index':
      return index(evaluate(expression.object, scope), evaluate(expression.key, scope));
    case 'splat': {
      const value = evaluate(expression.object, scope);
      const items = value === null ? [] : isList(value) ? value : [value];
      return items.map((item) => evaluate(expression.each, withLocals(scope, new Map([[SPLAT_ITEM, item]]))));
    }
  }
}

/** `target.name.attribute`, or undefined when it is something else. */
function blockValue(expression: Expression & { kind: 'attribute' }, scope: Scope): Value | undefined {
  const { object, name } = expression;
  if (object.kind === 'variable' && scope.isBlockType(object.name)) return scope.block(object.name, name, undefined);
  if (object.kind !== 'attribute' || object.object.kind !== 'variable') return undefined;
  const type = object.object.name;
  // An attribute that is not set is null, which is a value.
  return scope.isBlockType(type) ? scope.block(type, object.name, name) : undefined;
}

function attribute(value: Value, name: string): Value {
  if (!isObject(value)) throw problem(`there is no ${JSON.stringify(name)} in a value of type ${typeName(value)}`);
  if (!hasField(value, name)) throw problem(`the object has no attribute ${JSON.stringify(name)}`);
  return value[name]!;
}

/** `value[key]`. */
export function index(value: Value, key: Value): Value {
  if (isObject(value)) return attribute(value, toText(key));
  if (!isList(value)) throw problem(`a value of type ${typeName(value)} has no items`);
  const at = toNumber(key);
  if (!Number.isInteger(at) || at < 0 || at >= value.length)
    throw problem(`the list has ${value.length} items, and none at ${at}`);
  return value[at]!;
}

function choose({ condition, yes, no }: Expression & { kind: 'conditional' }, scope: Scope): Value {
  const [chosen, other] = toBool(evaluate(condition, scope)) ? [yes, no] : [no, yes];
  const value = evaluate(chosen, scope);
  // What is wrong with the other one is not asked.
  const beside = attempt(() => evaluate(other, scope));
  return beside === undefined ? value : unified(value, beside);
}

function attempt(work: () => Value): Value | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof VarveError) return undefined;
    throw error;
  }
}

function operate(operator: BinaryOperator, left: Value, right: () => Value): Value {
  switch (operator) {
    case '||':
      return toBool(left) || toBool(right());
    case '&&':
      return toBool(left) && toBool(right());
    case '==':
      return areEqual(left, right());
    case '!=':
      return !areEqual(left, right());
    default:
      return calculate(operator, toNumber(left), toNumber(right()));
  }
}

function calculate(operator: Exclude<BinaryOperator, '||' | '&&' | '==' | '!='>, a: number, b: number): Value {
  if ((operator === '/' || operator === '%') && b === 0) throw problem('division by zero');
  const results = {
    '>': () => a > b,
    '>=': () => a >= b,
    '<': () => a < b,
    '<=': () => a <= b,
    '+': () => a + b,
    '-': () => a - b,
    '*': () => a * b,
    '/': () => a / b,
    '%': () => a % b,
  };
  return results[operator]();
}

function call(expression: Expression & { kind: 'call' }, scope: Scope): Value {
  const { name, args, isSpread } = expression;
  // These look at their arguments before they are values.
  if (name === 'can') return args.length === 1 && attempt(() => evaluate(args[0]!, scope)) !== undefined;
  if (name === 'try') {
    for (const arg of args) {
      const value = attempt(() => evaluate(arg, scope));
      if (value !== undefined) return value;
    }
    throw problem('no argument of try has a value');
  }
  if (name === 'convert' && args.length === 2)
    return convertTo(
      parseType(args[1]!, (each) => evaluate(each, scope)),
      evaluate(args[0]!, scope),
    );
  const values = args.map((arg) => evaluate(arg, scope));
  const last = values.at(-1);
  if (!isSpread) return scope.call(name, values);
  if (last === undefined || !isList(last)) throw problem('only a list can be spread with ...');
  return scope.call(name, [...values.slice(0, -1), ...last]);
}

/** The items of a collection with their keys. */
function entriesOf(collection: Value): (readonly [Value, Value])[] {
  if (isList(collection)) return collection.map((value, i) => [i, value] as const);
  if (isObject(collection)) return Object.entries(collection);
  throw problem(`a for goes over a list or an object, not over ${typeName(collection)}`);
}

function loop(expression: ForExpression, scope: Scope): Value {
  const { keyName, valueName, collection, key, value, condition, isGrouped } = expression;
  const list: Value[] = [];
  const groups = new Map<string, Value[]>();
  for (const [at, item] of entriesOf(evaluate(collection, scope))) {
    const locals = new Map([...(keyName === undefined ? [] : [[keyName, at] as const]), [valueName, item] as const]);
    const inner = withLocals(scope, locals);
    if (condition && !toBool(evaluate(condition, inner))) continue;
    const result = evaluate(value, inner);
    if (!key) {
      list.push(result);
      continue;
    }
    const name = toText(evaluate(key, inner));
    const group = groups.get(name);
    if (group && !isGrouped) throw problem(`the key ${JSON.stringify(name)} is there twice`);
    if (group) group.push(result);
    else groups.set(name, [result]);
  }
  return key ? makeObject([...groups].map(([name, each]) => [name, isGrouped ? each : each[0]!] as const)) : list;
}

function textOf(parts: readonly TemplatePart[], scope: Scope): string {
  return parts.map((part) => partText(part, scope)).join('');
}

function partText(part: TemplatePart, scope: Scope): string {
  if (typeof part === 'string') return part;
  if (part.kind === 'interpolation') {
    const value = evaluate(part.expression, scope);
    if (value === null)
      throw problem('the value is null, which cannot be part of a string').at(part.expression.location);
    return toText(value);
  }
  if (part.kind === 'if') return textOf(toBool(evaluate(part.condition, scope)) ? part.yes : part.no, scope);
  const { keyName, valueName, collection, body } = part;
  return entriesOf(evaluate(collection, scope))
    .map(([at, item]) => {
      const locals = new Map([...(keyName === undefined ? [] : [[keyName, at] as const]), [valueName, item] as const]);
      return textOf(body, withLocals(scope, locals));
    })
    .join('');
}

function problem(message: string): VarveError {
  return new VarveError('BAKE_VALUE', message);
}
