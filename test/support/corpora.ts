import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';

/** The reference corpora, `shared/corpora` beside the repository or higher up; undefined when they are not there. */
export function findCorpora(): string | undefined {
  for (let at = import.meta.dirname; at !== dirname(at); at = dirname(at)) {
    const path = join(at, 'shared/corpora');
    if (existsSync(path)) return path;
  }
  return undefined;
}

/** Ends a test for which there are no corpora: the output says so. */
export function noCorpora(t: ExecutionContext, path: string): void {
  t.log(`skipped: no reference corpora here (${path})`);
  t.pass();
}
