import { VarveError } from '../../errors.ts';
import { isList, isObject, makeObject, typeName, type Value } from './value.ts';

const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** @throws VarveError `BAKE_VALUE` when it is no string, number or bool */
export function toText(value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return String(value);
  throw unsuitable('string', value);
}

/** @throws VarveError `BAKE_VALUE` when it is no number and no string that is one */
export function toNumber(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && NUMBER.test(value)) return Number(value);
  throw unsuitable('number', value);
}

/** @throws VarveError `BAKE_VALUE` when it is no bool and no string that is one */
export function toBool(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw unsuitable('bool', value);
}

/** Without an exponent. */
export function numberText(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  // 20 digits after the point are what toFixed is precise in.
  return Number.isInteger(value) ? BigInt(value).toString() : value.toFixed(20).replace(/\.?0+$/, '');
}

/** Two results of one expression have one type: a primitive becomes a string beside another one. */
export function unified(chosen: Value, other: Value): Value {
  if (chosen === null || other === null || typeName(chosen) === typeName(other)) return chosen;
  if (typeof chosen !== 'object' && typeof other !== 'object' && [typeof chosen, typeof other].includes('string'))
    return toText(chosen);
  throw new VarveError(
    'BAKE_VALUE',
    `the two results of a condition must have one type, and are ${typeName(chosen)} and ${typeName(other)}`,
  );
}

/** JSON's value as one of ours. */
export function fromJson(json: unknown): Value {
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json !== 'object' || json === null) return json as Value;
  return makeObject(Object.entries(json).map(([name, value]) => [name, fromJson(value)] as const));
}

/** As Go writes JSON: keys in order, and `<`, `>` and `&` escaped. */
export function toJson(value: Value): string {
  const text = JSON.stringify(value, (_, each: Value) =>
    isObject(each) ? { ...makeObject(Object.entries(each)) } : each,
  );
  return text.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function unsuitable(wanted: string, value: Value): VarveError {
  const found = typeof value === 'string' ? JSON.stringify(value) : isList(value) ? 'a list' : typeName(value);
  return new VarveError('BAKE_VALUE', `Unsuitable value type: a ${wanted} is required, and it is ${found}`);
}
