import { numberText, toBool, toJson, toNumber, toText } from '../values/convert.ts';
import type { Value } from '../values/value.ts';
import { refuse } from './signature.ts';

const VERB = /%(?:%|([-+# 0]*)(\*|\d+)?(?:\.(\d+))?(?:\[(\d+)\])?([a-zA-Z]))/g;

/**
 * printf with go-cty's verbs: v, #v, t, b, d, o, x, X, e, f, g, s and q; flags, widths and `[n]`.
 * https://github.com/zclconf/go-cty/blob/main/cty/function/stdlib/format.go
 *
 * @throws VarveError `BAKE_VALUE` for too few or too many arguments
 */
export function formatText(format: string, args: readonly Value[]): string {
  let next = 0;
  let used = 0;
  const text = format.replace(VERB, (whole, flags = '', width = '', precision = '', at = '', verb = '') => {
    if (whole === '%%') return '%';
    const index = at === '' ? next : Number(at) - 1;
    next = index + 1;
    used = Math.max(used, next);
    const value = args[index];
    if (value === undefined) throw refuse(`not enough arguments for ${JSON.stringify(whole)} of the format`);
    return pad(verbText(verb, flags, precision, value), flags, width, verb);
  });
  if (used < args.length) throw refuse(`the format uses ${used} of ${args.length} arguments`);
  return text;
}

function verbText(verb: string, flags: string, precision: string, value: Value): string {
  const digits = precision === '' ? undefined : Number(precision);
  switch (verb) {
    case 'v':
      if (flags.includes('#')) return toJson(value);
      return typeof value === 'object' ? toJson(value) : toText(value);
    case 't':
      return String(toBool(value));
    case 's':
      return truncated(toText(value), digits);
    case 'q':
      return JSON.stringify(truncated(toText(value), digits));
    default:
      return signed(numberVerb(verb, toNumber(value), digits), flags);
  }
}

function numberVerb(verb: string, number: number, digits: number | undefined): string {
  const whole = (base: number): string => {
    const sign = number < 0 ? '-' : '';
    return (
      sign +
      BigInt(Math.abs(Math.trunc(number)))
        .toString(base)
        .padStart(digits ?? 0, '0')
    );
  };
  switch (verb) {
    case 'd':
      return whole(10);
    case 'b':
      return whole(2);
    case 'o':
      return whole(8);
    case 'x':
      return whole(16);
    case 'X':
      return whole(16).toUpperCase();
    case 'f':
      return number.toFixed(digits ?? 6);
    case 'e':
      return number.toExponential(digits ?? 6).replace(/e([+-])(\d)$/, 'e$10$2');
    case 'g':
      return digits === undefined ? numberText(number) : String(Number(number.toPrecision(Math.max(digits, 1))));
    default:
      throw refuse(`%${verb} is no verb of a format`);
  }
}

function signed(text: string, flags: string): string {
  if (text.startsWith('-')) return text;
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;
}

function truncated(text: string, length: number | undefined): string {
  return length === undefined ? text : Array.from(text).slice(0, length).join('');
}

function pad(text: string, flags: string, width: string, verb: string): string {
  const missing = Number(width || 0) - Array.from(text).length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || 'sqvt'.includes(verb)) return ' '.repeat(missing) + text;
  const [, sign = '', digits = ''] = /^([+ -]?)(.*)$/s.exec(text)!;
  return sign + '0'.repeat(missing) + digits;
}
