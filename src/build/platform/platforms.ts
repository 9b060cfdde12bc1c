import { VarveError } from '../../errors.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';

/** What a build is for. */
export interface WantedPlatforms {
  /** Each once, in the order asked for. */
  readonly platforms: readonly Platform[];
  /** Whether the result is an index; one platform makes one only when BUILDKIT_MULTI_PLATFORM asks. */
  readonly isIndex: boolean;
}

/**
 * @param asked none means `host`
 * @throws VarveError `USAGE` when BUILDKIT_MULTI_PLATFORM is no boolean, or false for several platforms
 */
export function wantedPlatforms(
  asked: readonly Platform[],
  host: Platform,
  buildArgs: ReadonlyMap<string, string>,
): WantedPlatforms {
  const platforms = [...new Map((asked.length ? asked : [host]).map((each) => [formatPlatform(each), each])).values()];
  const text = buildArgs.get('BUILDKIT_MULTI_PLATFORM');
  const given = text === undefined ? undefined : parseBoolean(text);
  if (given === false && platforms.length > 1)
    throw usage(`BUILDKIT_MULTI_PLATFORM=${text}: several platforms need an index`);
  return { platforms, isIndex: given ?? platforms.length > 1 };
}

function parseBoolean(text: string): boolean {
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw usage(`BUILDKIT_MULTI_PLATFORM=${text} is not a boolean`);
}

function usage(message: string): VarveError {
  return new VarveError('USAGE', message, { hint: 'leave it out, or set it to 1 or 0', exitCode: 2 });
}
