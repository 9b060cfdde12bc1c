import { InvalidArgumentError } from 'commander';
import { parseGoDuration } from '../dockerfile/go-duration.ts';

const DAY_MS = 86_400_000;

/**
 * How long ago, in ms: Go's durations as docker takes them (`48h`, `1h30m`), and whole days (`7d`).
 * @throws InvalidArgumentError
 */
export function parseAge(text: string): number {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  if (days !== undefined) return Number(days) * DAY_MS;
  try {
    const ns = parseGoDuration(text);
    if (ns >= 0) return ns / 1e6;
  } catch {
    // said below
  }
  throw new InvalidArgumentError('it is a duration such as 90m, 48h or 7d');
}
