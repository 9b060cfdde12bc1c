import { VarveError } from '../errors.ts';

/** Nanoseconds in each unit of Go's time.ParseDuration: https://pkg.go.dev/time#ParseDuration */
const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

/** Go holds a duration in an int64. */
const MAX = 1n << 63n;

/**
 * Reads a duration as Go does (`1h2m3.5s`, `-1.5h`, `0`).
 *
 * @returns nanoseconds; exact up to 2^53 (104 days)
 * @throws VarveError DURATION
 */
export function parseGoDuration(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = /^[+-]/.test(text) ? text.slice(1) : text;
  if (rest === '0') return 0;
  if (rest === '') throw invalid(text);
  let total = 0n;
  while (rest !== '') {
    const number = /^(\d*)(?:\.(\d*))?/.exec(rest);
    const whole = number?.[1] ?? '';
    const fraction = number?.[2] ?? '';
    if (number === null || (whole === '' && fraction === '')) throw invalid(text);
    rest = rest.slice(number[0].length);
    const unit = /^[^.\d]*/.exec(rest)?.[0] ?? '';
    if (unit === '') throw duration(`missing unit in duration "${text}"`);
    const scale = UNITS.get(unit);
    if (scale === undefined) throw duration(`unknown unit "${unit}" in duration "${text}"`);
    rest = rest.slice(unit.length);
    // More digits than 18 are below a nanosecond of an hour's fraction; they would only make the numbers long.
    const digits = fraction.slice(0, 18);
    if (whole.length > 20) throw invalid(text);
    total += BigInt(whole || '0') * scale;
    if (digits !== '') total += (BigInt(digits) * scale) / 10n ** BigInt(digits.length);
    if (total > MAX || (total === MAX && sign > 0)) throw invalid(text);
  }
  return sign * Number(total);
}

function invalid(text: string): VarveError {
  return duration(`invalid duration "${text}"`);
}

function duration(message: string): VarveError {
  return new VarveError('DURATION', message, { hint: 'write a duration such as 500ms, 30s, 1m30s or 2h' });
}
