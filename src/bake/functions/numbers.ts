import { areEqual } from '../values/value.ts';
import { type BakeFunction, refuse, takes, takesMore } from './signature.ts';

/** Arithmetic and comparison. https://github.com/zclconf/go-cty/tree/main/cty/function/stdlib */
export const NUMBER_FUNCTIONS: Readonly<Record<string, BakeFunction>> = {
  absolute: takes(['number'], Math.abs),
  add: takes(['number', 'number'], (a, b) => a + b),
  and: takes(['bool', 'bool'], (a, b) => a && b),
  ceil: takes(['number'], Math.ceil),
  divide: takes(['number', 'number'], (a, b) => a / nonZero(b)),
  equal: takes(['nullable', 'nullable'], areEqual),
  floor: takes(['number'], Math.floor),
  greaterthan: takes(['number', 'number'], (a, b) => a > b),
  greaterthanorequalto: takes(['number', 'number'], (a, b) => a >= b),
  int: takes(['number'], Math.trunc),
  lessthan: takes(['number', 'number'], (a, b) => a < b),
  lessthanorequalto: takes(['number', 'number'], (a, b) => a <= b),
  log: takes(['number', 'number'], (number, base) => Math.log(number) / Math.log(base)),
  max: takesMore(['number'], 'number', (more, first) => Math.max(first, ...more)),
  min: takesMore(['number'], 'number', (more, first) => Math.min(first, ...more)),
  modulo: takes(['number', 'number'], (a, b) => a % nonZero(b)),
  multiply: takes(['number', 'number'], (a, b) => a * b),
  negate: takes(['number'], (a) => -a),
  not: takes(['bool'], (a) => !a),
  notequal: takes(['nullable', 'nullable'], (a, b) => !areEqual(a, b)),
  or: takes(['bool', 'bool'], (a, b) => a || b),
  parseint: takes(['text', 'number'], parseInteger),
  pow: takes(['number', 'number'], (a, b) => a ** b),
  signum: takes(['number'], Math.sign),
  subtract: takes(['number', 'number'], (a, b) => a - b),
};

function nonZero(divisor: number): number {
  if (divisor === 0) throw refuse('division by zero');
  return divisor;
}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** In a base of 2 to 62, as Go's big.Int reads it: up to base 36 the letters' case doesn't matter. */
function parseInteger(text: string, base: number): number {
  if (!Number.isInteger(base) || base < 2 || base > 62) throw refuse('the base is a whole number of 2 to 62');
  const [, sign = '', digits = ''] = /^([+-]?)(.+)$/.exec(base <= 36 ? text.toLowerCase() : text) ?? [];
  const values = [...digits].map((digit) => DIGITS.indexOf(digit));
  if (digits === '' || values.some((value) => value < 0 || value >= base))
    throw refuse(`cannot parse ${JSON.stringify(text)} as a base ${base} integer`);
  const number = values.reduce((sum, value) => sum * base + value, 0);
  return sign === '-' ? -number : number;
}
