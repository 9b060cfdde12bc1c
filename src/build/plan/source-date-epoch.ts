import { VarveError } from '../../errors.ts';

/**
 * The time that SOURCE_DATE_EPOCH gives what a build makes, in seconds since 1970: of --build-arg, else of a global ARG.
 * Empty is as not given.
 * @throws VarveError `DOCKERFILE_VALUE` for what is no time
 * @see https://reproducible-builds.org/specs/source-date-epoch/
 */
export function sourceDateEpoch(
  buildArgs: ReadonlyMap<string, string>,
  globalArgs: ReadonlyMap<string, string>,
): number | undefined {
  const value = buildArgs.get('SOURCE_DATE_EPOCH') ?? globalArgs.get('SOURCE_DATE_EPOCH') ?? '';
  if (value === '') return undefined;
  const seconds = Number(value);
  // A time that Date cannot hold is no time of a build.
  if (/^\d{1,12}$/.test(value)) return seconds;
  throw new VarveError('DOCKERFILE_VALUE', `SOURCE_DATE_EPOCH=${value} is not a time`, {
    hint: 'it is a whole number of seconds since 1970, such as the output of: git log -1 --pretty=%ct',
  });
}
