import { VarveError } from '../../errors.ts';
import type { Expression } from '../hcl/syntax.ts';
import { toBool, toNumber, toText, unsuitable } from './convert.ts';
import { areEqual, hasField, isList, isObject, makeObject, type Value } from './value.ts';

/** The type of a variable. https://github.com/hashicorp/hcl/tree/main/ext/typeexpr */
export type Type =
  | { readonly kind: 'any' | 'string' | 'number' | 'bool' }
  | { readonly kind: 'list' | 'set' | 'map'; readonly of: Type }
  | { readonly kind: 'tuple'; readonly items: readonly Type[] }
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, Field> };

interface Field {
  readonly type: Type;
  /** Of an optional field, which is null without one. */
  readonly otherwise: Value | undefined;
}

/**
 * @param evaluate for the default of an optional field
 * @throws VarveError `BAKE_VALUE`
 */
export function parseType(expression: Expression, evaluate: (expression: Expression) => Value): Type {
  const read = (each: Expression): Type => parseType(each, evaluate);
  // In JSON a type is a string.
  const name = expression.kind === 'literal' ? expression.value : undefined;
  const plain = expression.kind === 'variable' ? expression.name : name;
  if (plain === 'any' || plain === 'string' || plain === 'number' || plain === 'bool') return { kind: plain };
  if (expression.kind !== 'call') throw invalid(expression);
  const [of, ...more] = expression.args;
  if (!of || more.length) throw invalid(expression);
  switch (expression.name) {
    case 'list':
    case 'set':
    case 'map':
      return { kind: expression.name, of: read(of) };
    case 'tuple':
      if (of.kind !== 'tuple') throw invalid(expression);
      return { kind: 'tuple', items: of.items.map(read) };
    case 'object': {
      if (of.kind !== 'object') throw invalid(expression);
      const fields = of.items.map(({ key, value }) => [String(evaluate(key)), fieldOf(value, read, evaluate)] as const);
      return { kind: 'object', fields: new Map(fields) };
    }
    default:
      throw invalid(expression);
  }
}

function fieldOf(
  expression: Expression,
  read: (expression: Expression) => Type,
  evaluate: (expression: Expression) => Value,
): Field {
  if (expression.kind !== 'call' || expression.name !== 'optional')
    return { type: read(expression), otherwise: undefined };
  const [type, otherwise] = expression.args;
  if (!type) throw invalid(expression);
  return { type: read(type), otherwise: otherwise ? evaluate(otherwise) : null };
}

function invalid(expression: Expression): VarveError {
  return new VarveError('BAKE_VALUE', 'it is not a valid type', {
    hint: 'types are any, string, number, bool, list(T), set(T), map(T), tuple([T, …]) and object({name = T, …})',
    location: expression.location,
  });
}

/**
 * The value as one of the type. null is of every type.
 * @throws VarveError `BAKE_VALUE` when it is none
 */
export function convertTo(type: Type, value: Value): Value {
  if (value === null) return null;
  switch (type.kind) {
    case 'any':
      return value;
    case 'string':
      return toText(value);
    case 'number':
      return toNumber(value);
    case 'bool':
      return toBool(value);
    case 'list':
      return itemsOf(value, type.kind).map((each) => convertTo(type.of, each));
    case 'set':
      return toSet(itemsOf(value, type.kind).map((each) => convertTo(type.of, each)));
    case 'map':
      if (!isObject(value)) throw unsuitable('map', value);
      return makeObject(Object.entries(value).map(([name, each]) => [name, convertTo(type.of, each)] as const));
    case 'tuple': {
      const items = itemsOf(value, 'tuple');
      if (items.length !== type.items.length) throw unsuitable(`tuple of ${type.items.length}`, value);
      return items.map((each, i) => convertTo(type.items[i]!, each));
    }
    case 'object':
      return convertFields(type.fields, value);
  }
}

function convertFields(fields: ReadonlyMap<string, Field>, value: Value): Value {
  if (!isObject(value)) throw unsuitable('object', value);
  return makeObject(
    [...fields].map(([name, { type, otherwise }]) => {
      const given = hasField(value, name) ? value[name]! : null;
      if (given === null && otherwise === undefined && !hasField(value, name))
        throw new VarveError('BAKE_VALUE', `Unsuitable value type: attribute ${JSON.stringify(name)} is required`);
      return [name, convertTo(type, given ?? otherwise ?? null)] as const;
    }),
  );
}

function itemsOf(value: Value, wanted: string): readonly Value[] {
  if (!isList(value)) throw unsuitable(wanted, value);
  return value;
}

/** Each once, in order: numbers by size, else by text. */
export function toSet(items: readonly Value[]): Value[] {
  const kept: Value[] = [];
  for (const item of items) if (!kept.some((each) => areEqual(each, item))) kept.push(item);
  return kept.sort((a, b) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : sortText(a) < sortText(b) ? -1 : 1,
  );
}

function sortText(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
