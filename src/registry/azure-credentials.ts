import * as z from 'zod';
import type { CloudProvider } from './cloud-provider.ts';
import { askJson, type CloudContext, METADATA, readText } from './cloud-request.ts';

/** The registries' domain of each of Azure's clouds, where it logs in, and what tokens are for. */
const CLOUDS = [
  { domain: '.azurecr.io', login: 'https://login.microsoftonline.com', api: 'https://management.azure.com/' },
  { domain: '.azurecr.cn', login: 'https://login.chinacloudapi.cn', api: 'https://management.chinacloudapi.cn/' },
  { domain: '.azurecr.us', login: 'https://login.microsoftonline.us', api: 'https://management.usgovcloudapi.net/' },
] as const;
type Cloud = (typeof CLOUDS)[number];

/** @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token */
const METADATA_URL = 'http://169.254.169.254/metadata/identity/oauth2/token';
/** Refresh tokens of a registry last three hours. */
const REFRESH_TOKEN_MS = 3 * 3600_000;

const accessSchema = z.looseObject({ access_token: z.string().min(1) });
const refreshSchema = z.looseObject({ refresh_token: z.string().min(1) });

/**
 * Azure Container Registry: with a workload identity (`AZURE_FEDERATED_TOKEN_FILE`), a service principal
 * (`AZURE_CLIENT_SECRET`), else the managed identity, of which `AZURE_CLIENT_ID` chooses one. The access token is
 * exchanged at the registry for a refresh token. `AZURE_AUTHORITY_HOST` is where it logs in.
 * @see https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
 */
export function azureProvider(context: CloudContext): CloudProvider {
  return {
    key: (registry) => (cloudOf(registry) ? registry : undefined),
    async ask(registry) {
      const cloud = cloudOf(registry)!;
      const asked = context.clock.now();
      const accessToken = await accessTokenFor(cloud, context);
      const tenant = context.env.AZURE_TENANT_ID;
      const { refresh_token: token } = await askJson(context, `https://${registry}/oauth2/exchange`, refreshSchema, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'access_token',
          service: registry,
          ...(tenant ? { tenant } : {}),
          access_token: accessToken,
        }),
      });
      return { credential: { kind: 'identity-token', token }, expires: asked + REFRESH_TOKEN_MS };
    },
  };
}

async function accessTokenFor(cloud: Cloud, context: CloudContext): Promise<string> {
  const { env } = context;
  const { AZURE_CLIENT_ID: client, AZURE_TENANT_ID: tenant, AZURE_CLIENT_SECRET: secret } = env;
  const file = env.AZURE_FEDERATED_TOKEN_FILE;
  if (client && tenant && (file || secret)) {
    const login = (env.AZURE_AUTHORITY_HOST || cloud.login).replace(/\/+$/, '');
    const proof = file
      ? {
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: await readText(file),
        }
      : { client_secret: secret! };
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: client,
      scope: `${cloud.api}.default`,
      ...proof,
    });
    const url = `${login}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`;
    return (await askJson(context, url, accessSchema, { method: 'POST', body })).access_token;
  }
  const query = new URLSearchParams({
    'api-version': '2018-02-01',
    resource: cloud.api,
    ...(client ? { client_id: client } : {}),
  });
  const call = { headers: { metadata: 'true' }, ...METADATA };
  return (await askJson(context, `${METADATA_URL}?${query}`, accessSchema, call)).access_token;
}

function cloudOf(registry: string): Cloud | undefined {
  return CLOUDS.find(({ domain }) => registry.endsWith(domain));
}
