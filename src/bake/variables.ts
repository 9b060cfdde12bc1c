import { type SourceLocation, VarveError } from '../errors.ts';
import { csvFields } from './csv.ts';
import type { Block, Expression } from './hcl/syntax.ts';
import { fromJson, toText } from './values/convert.ts';
import { convertTo, parseType, type Type } from './values/type-constraint.ts';
import { makeObject, type Value } from './values/value.ts';

/** A variable block as it is written. */
export interface DeclaredVariable {
  readonly name: string;
  readonly description: string;
  readonly block: Block;
  readonly preset?: Expression;
  readonly type: Expression | undefined;
  readonly validations: readonly {
    readonly condition: Expression;
    readonly message: Expression;
    readonly location: SourceLocation;
  }[];
}

/** A variable and what it came to. */
export interface BakeVariable extends Pick<DeclaredVariable, 'name' | 'description' | 'type'> {
  readonly value: Value;
}

const ATTRIBUTES = ['default', 'description', 'type'];

/** @throws VarveError `BAKE_VALUE` for what a variable block doesn't have */
export function declareVariable(name: string, block: Block): DeclaredVariable {
  const { attributes, blocks } = block.body;
  const unknown = [...attributes.keys()].find((each) => !ATTRIBUTES.includes(each));
  if (unknown !== undefined) throw problem(`a variable has no ${JSON.stringify(unknown)}`, block);
  const description = attributes.get('description')?.value;
  const preset = attributes.get('default')?.value;
  return {
    name,
    description: description?.kind === 'literal' && description.value !== null ? String(description.value) : '',
    block,
    ...(preset ? { preset } : {}),
    type: attributes.get('type')?.value,
    validations: blocks.map((inner) => {
      const condition = inner.body.attributes.get('condition')?.value;
      const message = inner.body.attributes.get('error_message')?.value;
      if (inner.type !== 'validation' || !condition || !message)
        throw problem('a variable has blocks validation with condition and error_message', inner);
      return { condition, message, location: condition.location };
    }),
  };
}

/**
 * What a variable comes to: what the environment has, in its type, else its default.
 * @throws VarveError `BAKE_VALUE`
 */
export function variableValue(
  { name, preset, type: typed, block }: DeclaredVariable,
  given: {
    readonly evaluate: (expression: Expression) => Value;
    readonly environment: string | undefined;
    /** Of NAME_JSON. */
    readonly json: string | undefined;
  },
): Value {
  const { evaluate, environment, json } = given;
  if (!typed) {
    // Without a default a variable is a string.
    const value = preset ? evaluate(preset) : '';
    return environment === undefined && (json === undefined || typeof value !== 'object' || value === null)
      ? value
      : inferred(name, environment ?? '', value);
  }
  let type: Type;
  try {
    type = parseType(typed, evaluate);
  } catch (error) {
    throw error instanceof VarveError ? error.prefixed(`the type of ${name}: `).at(block.location) : error;
  }
  const otherwise = preset
    ? told(`invalid type for the ${name} default value`, () => convertTo(type, evaluate(preset)))
    : null;
  if (json !== undefined) {
    return told(`failed to convert ${name} from JSON`, () => convertJson(type, JSON.parse(json) as unknown));
  }
  return environment === undefined ? otherwise : ofText(name, environment, type);
}

/** In the type that the default has. */
function inferred(name: string, text: string, value: Value): Value {
  if (value === null || typeof value === 'string') return text;
  if (typeof value === 'boolean') return parseBool(name, text);
  if (typeof value === 'number') return parseNumber(name, text);
  throw problem(
    `unsupported type for ${name}: only strings, numbers and bools without a type come from the environment`,
  );
}

function parseBool(name: string, text: string): boolean {
  // Go's strconv.ParseBool.
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  throw problem(`failed to parse ${name} as bool: ${JSON.stringify(text)}`);
}

function parseNumber(name: string, text: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(number)) throw problem(`failed to parse ${name} as number: ${JSON.stringify(text)}`);
  return number;
}

function ofText(name: string, text: string, type: Type): Value {
  switch (type.kind) {
    case 'any':
    case 'string':
      return text;
    case 'number':
      return parseNumber(name, text);
    case 'bool':
      return parseBool(name, text);
    default:
      return told(`failed to convert ${name} from CSV`, () => ofCsv(name, csvFields(text), type));
  }
}

function ofCsv(name: string, fields: readonly string[], type: Exclude<Type, { kind: 'any' }>): Value {
  const element = (field: string, of: Type): Value => {
    if (of.kind !== 'any' && of.kind !== 'string' && of.kind !== 'number' && of.kind !== 'bool')
      throw problem(`unsupported type: ${name}_JSON takes values of every type`);
    return told('failed to parse element', () => ofText(name, field, of));
  };
  switch (type.kind) {
    case 'list':
    case 'set':
      return convertTo(
        type,
        fields.map((field) => element(field, type.of)),
      );
    case 'tuple':
      if (fields.length !== type.items.length)
        throw problem(`${type.items.length} elements are expected, and there are ${fields.length}`);
      return fields.map((field, i) => element(field, type.items[i]!));
    case 'map':
      return makeObject(
        fields.map((field) => {
          const parts = field.split(':');
          if (parts.length !== 2) throw problem(`expected one k/v pair, got ${JSON.stringify(field)}`);
          if (/^"[^"]*$/.test(parts[1]!)) throw problem(`cannot read ${JSON.stringify(field)} as CSV`);
          return [parts[0]!, element(parts[1]!, type.of)] as const;
        }),
      );
    default:
      throw problem(`unsupported type for CSV: ${name}_JSON takes values of every type`);
  }
}

/** JSON says the types itself: a string is no number. */
function convertJson(type: Type, json: unknown): Value {
  const value = fromJson(json);
  checkJson(type, value);
  return convertTo(type, value);
}

function checkJson(type: Type, value: Value): void {
  if (value === null) return;
  const wanted = type.kind === 'bool' ? 'boolean' : type.kind;
  if (['string', 'number', 'boolean'].includes(wanted) && typeof value !== wanted)
    throw problem(`a ${type.kind} is required, not ${JSON.stringify(value)}`);
  if ((type.kind === 'list' || type.kind === 'set') && Array.isArray(value))
    for (const each of value as readonly Value[]) checkJson(type.of, each);
  if (type.kind === 'map' && typeof value === 'object')
    for (const each of Object.values(value)) checkJson(type.of, each);
}

function told<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof VarveError) throw error.prefixed(`${what}: `);
    if (error instanceof SyntaxError) throw problem(`${what}: ${error.message}`);
    throw error;
  }
}

function problem(message: string, at?: Pick<Block, 'location'>): VarveError {
  return new VarveError('BAKE_VALUE', message, at ? { location: at.location } : {});
}

/** How `--list variables` shows a value. */
export function valueText(value: Value): string | undefined {
  if (value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : toText(value);
}

/** Go's strconv.ParseBool, for overrides. */
export function parseFlag(key: string, text: string): boolean {
  try {
    return parseBool(key, text);
  } catch {
    throw problem(`invalid value ${text} for boolean key ${key}`);
  }
}
