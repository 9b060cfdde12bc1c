import { readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

/** Where Linux has a tmpfs that everyone may write. */
export const MEMORY = '/dev/shm';
/** f_type of tmpfs. @see linux/magic.h */
const TMPFS_MAGIC = 0x01021994;

export function hasMemory(): boolean {
  try {
    return statfsSync(MEMORY).type === TMPFS_MAGIC;
  } catch {
    return false;
  }
}

/** The name in memory of something that belongs to a place of `tmp`: whoever cleans the place knows it by that. */
export function memoryName(place: string, name: string): string {
  return `varve-${place}-${name}`;
}

/** All that a place has in memory, absolute. */
export function memoryOf(place: string): string[] {
  if (!hasMemory()) return [];
  const prefix = memoryName(place, '');
  return readdirSync(MEMORY)
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(MEMORY, name));
}
