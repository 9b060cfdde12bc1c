import { VarveError } from '../../errors.ts';
import { parseJson } from '../../oci/parse-json.ts';
import { Cursor } from './cursor.ts';
import { parseExpression } from './parse-expression.ts';
import { parseTemplate } from './parse-template.ts';
import type { Attribute, Block, Body, Expression } from './syntax.ts';

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** What of a bake file is a block, and how many labels it has. */
const BLOCKS: ReadonlyMap<string, number> = new Map([
  ['target', 1],
  ['group', 1],
  ['variable', 1],
  ['function', 1],
  ['validation', 0],
]);

/**
 * Reads a file in HCL's JSON syntax: strings are templates, and an object stands for a block where one is expected.
 * https://github.com/hashicorp/hcl/blob/main/json/spec.md
 *
 * @throws VarveError `BAKE_SYNTAX`
 */
export function parseHclJson(file: string, text: string): Body {
  let document: Json;
  try {
    document = parseJson(text) as Json;
  } catch (error) {
    throw new VarveError('BAKE_SYNTAX', `${file} is not JSON: ${(error as Error).message}`);
  }
  if (!isObject(document)) throw new VarveError('BAKE_SYNTAX', `${file} is not a JSON object`);
  return bodyOf(document, { file, start: 1, end: 1 });
}

type Location = Expression['location'];

function bodyOf(object: { [name: string]: Json }, location: Location): Body {
  const attributes = new Map<string, Attribute>();
  const blocks: Block[] = [];
  for (const [name, value] of Object.entries(object)) {
    if (name === '//') continue;
    const labels = BLOCKS.get(name);
    if (labels === undefined || (labels > 0 && !isObject(value) && !Array.isArray(value)))
      attributes.set(name, { name, value: expressionOf(value, location), location });
    else blocks.push(...blocksOf(name, labels, [], value, location));
  }
  return { attributes, blocks };
}

function blocksOf(type: string, labels: number, known: readonly string[], value: Json, location: Location): Block[] {
  if (Array.isArray(value)) return value.flatMap((each) => blocksOf(type, labels, known, each, location));
  if (!isObject(value))
    throw new VarveError('BAKE_SYNTAX', `${type} ${known.join(' ')}: an object is expected`, { location });
  if (known.length === labels) return [{ type, labels: known, body: bodyOf(value, location), location }];
  return Object.entries(value).flatMap(([name, each]) => blocksOf(type, labels, [...known, name], each, location));
}

function expressionOf(value: Json, location: Location): Expression {
  if (typeof value === 'string') return templateOf(value, location);
  if (Array.isArray(value))
    return { kind: 'tuple', items: value.map((each) => expressionOf(each, location)), location };
  if (!isObject(value)) return { kind: 'literal', value, location };
  const items = Object.entries(value).map(([key, each]) => ({
    key: templateOf(key, location),
    value: expressionOf(each, location),
  }));
  return { kind: 'object', items, location };
}

function templateOf(text: string, location: Location): Expression {
  if (!/[$%]\{/.test(text)) return { kind: 'literal', value: text, location };
  return parseTemplate(new Cursor(location.file, text), parseExpression);
}

function isObject(value: Json): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
