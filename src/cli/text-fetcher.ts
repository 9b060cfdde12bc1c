import { createFetchText, type FetchText } from '../io/fetch-text.ts';
import type { Environment } from '../registry/cloud-request.ts';
import { proxySettings } from './proxy-settings.ts';
import { authoritiesOf } from './registry-flags.ts';

/** Requests beside those to registries, through the environment's proxies and with the authorities that it trusts. */
export function textFetcher(
  env: Environment,
  userAgent: string,
  certificates?: ReadonlyMap<string, string>,
): FetchText {
  return createFetchText({
    proxies: proxySettings(env),
    authorities: authoritiesOf(env),
    userAgent,
    ...(certificates ? { certificates } : {}),
  });
}
