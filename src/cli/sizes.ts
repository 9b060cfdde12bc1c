import { InvalidArgumentError } from 'commander';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Decimal units with four digits, as `docker system df` shows them. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(4))} ${UNITS[unit]}`;
}

const FACTORS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * `10GB`, `500m`, `1.5GiB`, `1024`: as go-units' FromHumanSize, which docker buildx prune takes, decimal unless it says `i`.
 * @throws InvalidArgumentError
 * @see https://pkg.go.dev/github.com/docker/go-units#FromHumanSize
 */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(i?)b?$/i.exec(text);
  const [, number, unit = '', binary] = match ?? [];
  if (number === undefined || (binary && unit === ''))
    throw new InvalidArgumentError('it is a size such as 500MB, 10GB or 1.5GiB');
  return Math.floor(Number(number) * (binary ? 1024 : 1000) ** FACTORS[unit.toLowerCase()]!);
}
