import { azureProvider } from './azure-credentials.ts';
import type { CloudProvider } from './cloud-provider.ts';
import { type CloudContext, NoAnswer } from './cloud-request.ts';
import type { Credential, CredentialSource } from './credential-source.ts';
import { ecrProvider } from './ecr-credentials.ts';
import { googleProvider } from './google-credentials.ts';

/** Credentials are asked for anew this long before they end, in ms. */
const MARGIN_MS = 5 * 60_000;
/** How long nothing, or a failure, stands. */
const NOTHING_MS = 60_000;

/**
 * Registries of Google (`gcr.io`, `pkg.dev`), Amazon (ECR, public.ecr.aws) and Azure (`azurecr.io`) with what these
 * platforms give to the workloads on them: variables, token files, metadata services. A failure is a warning.
 */
export function cloudCredentials(context: CloudContext): CredentialSource {
  const { clock, log } = context;
  const providers = [googleProvider(context), ecrProvider(context), azureProvider(context)];
  const known = new Map<string, Promise<{ readonly credential?: Credential; readonly until: number }>>();

  const ask = async (provider: CloudProvider, registry: string) => {
    try {
      const found = await provider.ask(registry);
      if (found) return { credential: found.credential, until: found.expires - MARGIN_MS };
    } catch (error) {
      const text = `no credentials for ${registry}: ${(error as Error).message}`;
      if (error instanceof NoAnswer) log.debug(text);
      else log.warn(text);
    }
    return { until: clock.now() + NOTHING_MS };
  };

  return {
    async credential({ registry }) {
      const host = registry.toLowerCase();
      for (const provider of providers) {
        const key = provider.key(host);
        if (key === undefined) continue;
        const kept = known.get(key);
        if (kept && (await kept).until > clock.now()) return (await kept).credential;
        const asked = ask(provider, host);
        known.set(key, asked);
        return (await asked).credential;
      }
      return undefined;
    },
  };
}
