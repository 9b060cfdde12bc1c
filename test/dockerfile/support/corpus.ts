import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { findCorpora, noCorpora } from '../../support/corpora.ts';

/** A file of the reference corpora, or undefined (said in the test's log) when they are not beside the repository. */
export function readCorpusFile(t: ExecutionContext, path: string): Buffer | undefined {
  const corpora = findCorpora();
  const file = corpora === undefined ? undefined : join(corpora, path);
  if (file !== undefined && existsSync(file)) return readFileSync(file);
  noCorpora(t, path);
  return undefined;
}

/**
 * Calls `check` for every case of a group and fails when there is none.
 *
 * @param check gives a line that says what is wrong, or undefined
 */
export function eachCase<T>(
  t: ExecutionContext,
  file: string,
  group: string,
  check: (one: T) => string | undefined,
): void {
  const bytes = readCorpusFile(t, file);
  if (bytes === undefined) return;
  const { cases } = JSON.parse(bytes.toString('utf8')) as { cases: (T & { id: string; group: string })[] };
  const mine = cases.filter((one) => one.group === group);
  t.true(mine.length > 0, `no cases of ${group}`);
  const wrong = mine.flatMap((one) => {
    const message = check(one);
    return message === undefined ? [] : [`${one.id}: ${message}`];
  });
  t.deepEqual(wrong, []);
}

/** What is wrong when two values are not the same JSON. Order of keys counts for nothing. */
export function difference(got: unknown, want: unknown): string | undefined {
  const [a, b] = [JSON.stringify(sorted(got)), JSON.stringify(sorted(want))];
  return a === b ? undefined : `${a} instead of ${b}`;
}

/** What is wrong when `body` gives something else than an error with these words. */
export function failure(body: () => unknown, words: string | true): string | undefined {
  try {
    return `${JSON.stringify(body())} instead of an error`;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return words === true || message.includes(words)
      ? undefined
      : `${JSON.stringify(message)} lacks ${JSON.stringify(words)}`;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  );
}
