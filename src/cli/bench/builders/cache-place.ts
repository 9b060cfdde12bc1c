import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The repository of a place's cache, below the one that the user named: a new one for each place, so that a benchmark begins with an
 * empty cache, and the same one when it goes on.
 */
export function cacheRepository(base: string, place: string): string {
  const file = join(place, 'cache-name');
  try {
    return `${base}/${readFileSync(file, 'utf8')}`;
  } catch {
    mkdirSync(place, { recursive: true });
    const name = `bench-${randomBytes(6).toString('hex')}`;
    writeFileSync(file, name);
    return `${base}/${name}`;
  }
}
