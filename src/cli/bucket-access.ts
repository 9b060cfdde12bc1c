import type { BucketAccess } from '../context/bucket-context.ts';
import { createHttpFetcher } from '../context/http-fetcher.ts';
import { systemClock } from '../io/clock.ts';
import { defaultRetryPolicy } from '../io/retry.ts';
import { awsKeys } from '../registry/aws-keys.ts';
import { awsProfile } from '../registry/aws-profile.ts';
import { type Environment, NoAnswer } from '../registry/cloud-request.ts';
import { googleToken } from '../registry/google-credentials.ts';
import { proxySettings } from './proxy-settings.ts';
import { authoritiesOf } from './registry-flags.ts';
import { textFetcher } from './text-fetcher.ts';

/** How buckets are reached with what the environment and the platform give; nobody is asked before a download. */
export function bucketAccess(env: Environment, signal: AbortSignal): BucketAccess {
  const silent = { warn: () => {}, debug: () => {} };
  const context = {
    env,
    fetch: textFetcher(env, 'varve'),
    retryPolicy: defaultRetryPolicy,
    clock: systemClock,
    log: silent,
  };
  return {
    env,
    awsKeys: (region) => awsKeys(context, region),
    awsRegion: async () => (await awsProfile(env)).region,
    async googleToken() {
      try {
        return await googleToken(context);
      } catch (error) {
        // This machine is not Google's: an object that everybody may read needs no token.
        if (error instanceof NoAnswer) return undefined;
        throw error;
      }
    },
    http: () => createHttpFetcher('varve', proxySettings(env), authoritiesOf(env)),
    clock: systemClock,
    signal,
  };
}
