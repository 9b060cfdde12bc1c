import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCorpora } from '../../support/corpora.ts';

/** The cases of a corpus file and group; undefined when the corpora are not there. */
export function loadCases<T extends { readonly id: string }>(file: string, group: string): T[] | undefined {
  const corpora = findCorpora();
  if (corpora === undefined) return undefined;
  const cases = JSON.parse(readFileSync(join(corpora, file), 'utf8')).cases as (T & { group: string })[];
  return cases.filter((one) => one.group === group);
}
