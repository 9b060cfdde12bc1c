import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CORPORA = join(import.meta.dirname, '../../../../shared/corpora');

/** The cases of a corpus file and group; undefined when the corpora are not there. */
export function loadCases<T extends { readonly id: string }>(file: string, group: string): T[] | undefined {
  const path = join(CORPORA, file);
  if (!existsSync(path)) return undefined;
  const cases = JSON.parse(readFileSync(path, 'utf8')).cases as (T & { group: string })[];
  return cases.filter((one) => one.group === group);
}
