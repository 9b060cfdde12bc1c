import { parseGoDuration } from '../../dockerfile/go-duration.ts';
import type { Clock } from '../../io/clock.ts';
import { toNumber, toText } from '../values/convert.ts';
import { makeObject, type Value } from '../values/value.ts';
import { type BakeFunction, refuse, takes } from './signature.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October'],
  ...['November', 'December'],
];

/** Times are RFC 3339 texts. */
export function timeFunctions(clock: Pick<Clock, 'now'>): Readonly<Record<string, BakeFunction>> {
  return {
    formatdate: takes(['text', 'text'], (format, time) => formatTime(format, parseTime(time))),
    formattimestamp: takes(['text', 'any'], (format, time) =>
      formatTime(format, typeof time === 'number' ? ofUnix(time) : parseTime(toText(time))),
    ),
    timeadd: takes(['text', 'text'], (time, duration) => {
      const { at, offset } = parseTime(time);
      return rfc3339({ at: at + parseGoDuration(duration) / NANOSECONDS_IN_MS, offset });
    }),
    timestamp: takes([], () => rfc3339({ at: clock.now(), offset: 0 })),
    unixtimestampparse: takes(['any'], (seconds) => fieldsOf(toNumber(seconds))),
  };
}

/** Milliseconds since 1970, and how many minutes the place's clock is ahead of UTC. */
interface Time {
  readonly at: number;
  readonly offset: number;
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$/;

function parseTime(text: string): Time {
  const match = RFC3339.exec(text);
  const at = match ? Date.parse(text) : Number.NaN;
  if (!match || Number.isNaN(at)) throw refuse(`${JSON.stringify(text)} is not a time as RFC 3339 has it`);
  const [, sign, hours = '0', minutes = '0'] = match;
  return { at, offset: (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1) };
}

function ofUnix(seconds: number): Time {
  return { at: Math.trunc(seconds) * 1000, offset: 0 };
}

function rfc3339(time: Time): string {
  return formatTime("YYYY-MM-DD'T'hh:mm:ssZ", time);
}

/** https://developer.hashicorp.com/terraform/language/functions/formatdate has the sequences, which are go-cty's. */
function formatTime(format: string, { at, offset }: Time): string {
  const local = new Date(at + offset * 60_000);
  return format.replace(/'((?:[^']|'')*)'|([A-Za-z])\2*/g, (token, quoted?: string) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted.replaceAll("''", "'");
    const text = sequence(token, local, offset);
    if (text === undefined) throw refuse(`${JSON.stringify(token)} is no sequence of a time's format`);
    return text;
  });
}

function sequence(token: string, date: Date, offset: number): string | undefined {
  const two = (number: number): string => String(number).padStart(2, '0');
  const hours = date.getUTCHours();
  const twelve = hours % 12 || 12;
  const zone = (separator: string): string => {
    const minutes = Math.abs(offset);
    return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${separator}${two(minutes % 60)}`;
  };
  const day = DAYS[date.getUTCDay()]!;
  const month = MONTHS[date.getUTCMonth()]!;
  const sequences: Readonly<Record<string, string>> = {
    YYYY: String(date.getUTCFullYear()).padStart(4, '0'),
    YY: two(date.getUTCFullYear() % 100),
    MMMM: month,
    MMM: month.slice(0, 3),
    MM: two(date.getUTCMonth() + 1),
    M: String(date.getUTCMonth() + 1),
    DD: two(date.getUTCDate()),
    D: String(date.getUTCDate()),
    EEEE: day,
    EEE: day.slice(0, 3),
    hh: two(hours),
    h: String(hours),
    HH: two(twelve),
    H: String(twelve),
    AA: hours < 12 ? 'AM' : 'PM',
    aa: hours < 12 ? 'am' : 'pm',
    mm: two(date.getUTCMinutes()),
    m: String(date.getUTCMinutes()),
    ss: two(date.getUTCSeconds()),
    s: String(date.getUTCSeconds()),
    ZZZZZ: zone(':'),
    ZZZZ: zone(''),
    ZZZ: offset === 0 ? 'UTC' : zone(''),
    Z: offset === 0 ? 'Z' : zone(':'),
  };
  return sequences[token];
}

const DAY_MS = 86_400_000;
const NANOSECONDS_IN_MS = 1_000_000;

function fieldsOf(seconds: number): Value {
  const time = ofUnix(seconds);
  const date = new Date(time.at);
  const year = date.getUTCFullYear();
  // ISO 8601: a week belongs to the year that its Thursday is in.
  const thursday = new Date(time.at + (4 - (date.getUTCDay() || 7)) * DAY_MS);
  const isoYear = thursday.getUTCFullYear();
  return makeObject([
    ['year', year],
    ['year_day', Math.floor((time.at - Date.UTC(year, 0, 1)) / DAY_MS) + 1],
    ['day', date.getUTCDate()],
    ['month', date.getUTCMonth() + 1],
    ['month_name', MONTHS[date.getUTCMonth()]!],
    ['weekday', date.getUTCDay()],
    ['weekday_name', DAYS[date.getUTCDay()]!],
    ['hour', date.getUTCHours()],
    ['minute', date.getUTCMinutes()],
    ['second', date.getUTCSeconds()],
    ['rfc3339', rfc3339(time)],
    ['iso_year', isoYear],
    ['iso_week', Math.floor((thursday.getTime() - Date.UTC(isoYear, 0, 1)) / DAY_MS / 7) + 1],
  ]);
}
