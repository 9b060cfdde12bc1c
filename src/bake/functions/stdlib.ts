import { posix } from 'node:path';
import semver from 'semver';
import type { Clock } from '../../io/clock.ts';
import { COLLECTION_FUNCTIONS } from './collections.ts';
import { ENCODING_FUNCTIONS } from './encodings.ts';
import { NETWORK_FUNCTIONS } from './networks.ts';
import { NUMBER_FUNCTIONS } from './numbers.ts';
import { type BakeFunction, refuse, takes } from './signature.ts';
import { TEXT_FUNCTIONS } from './texts.ts';
import { timeFunctions } from './times.ts';

/** What bake's functions know of the world. */
export interface StdlibOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly home: string;
}

/**
 * The functions of buildx's bake files by name: https://github.com/docker/buildx/blob/master/docs/bake-stdlib.md.
 * `try`, `can` and `convert` are the evaluator's. `bcrypt`, `bytesslice` and what is not there are refused by name.
 */
export function stdlib({ clock, home }: StdlibOptions): ReadonlyMap<string, BakeFunction> {
  return new Map(
    Object.entries({
      ...NUMBER_FUNCTIONS,
      ...TEXT_FUNCTIONS,
      ...COLLECTION_FUNCTIONS,
      ...ENCODING_FUNCTIONS,
      ...NETWORK_FUNCTIONS,
      ...timeFunctions(clock),
      basename: takes(['text'], (path) => (path === '' ? '.' : posix.basename(path) || '/')),
      dirname: takes(['text'], (path) => posix.normalize(posix.dirname(path))),
      homedir: takes([], () => home),
      // Only these may be in a target's name.
      sanitize: takes(['text'], (text) => text.replace(/[^a-zA-Z0-9_-]/gu, '_')),
      semvercmp: takes(['text', 'text'], compareVersion),
    }),
  );
}

/** Whether a version is within a constraint: comparisons with commas between, alternatives with ||. */
function compareVersion(version: string, constraint: string): boolean {
  const found = semver.coerce(version, { includePrerelease: true });
  if (!found) throw refuse(`${JSON.stringify(version)} is not a version`);
  const range = constraint.replaceAll(',', ' ').replace(/!=\s*(\S+)/g, '<$1 || >$1');
  if (semver.validRange(range) === null) throw refuse(`${JSON.stringify(constraint)} is not a constraint of versions`);
  return semver.satisfies(found, range);
}
