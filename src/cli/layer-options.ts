import { InvalidArgumentError } from 'commander';

const UNITS = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 } as const;

/** The value of --compression-level; which levels there are depends on the method. */
export function compressionLevel(value: string): number {
  if (!/^(-1|\d{1,2})$/.test(value)) throw new InvalidArgumentError('it is a whole number');
  return Number(value);
}

/** A number of bytes: `500m`, `50g`, units of 1024. */
export function byteSize(value: string): number {
  const match = /^(\d{1,15})([kmgt]?)b?$/.exec(value.toLowerCase());
  const bytes = match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : 0;
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw new InvalidArgumentError('it is a size such as 500m or 50g');
  return bytes;
}
