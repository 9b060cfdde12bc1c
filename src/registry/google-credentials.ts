import { createSign } from 'node:crypto';
import * as z from 'zod';
import type { CloudCredential, CloudProvider } from './cloud-provider.ts';
import { askJson, askText, type CloudContext, METADATA, readJsonFile, readText } from './cloud-request.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const TOKEN_URL = 'https://oauth2.googleapis.com/token';
/** The user name that says that the password is an access token. @see https://cloud.google.com/artifact-registry/docs/docker/authentication#token */
const TOKEN_USER = 'oauth2accesstoken';
/** The longest that Google takes for a signed assertion. */
const ASSERTION_SECONDS = 3600;

const tokenSchema = z.looseObject({ access_token: z.string().min(1), expires_in: z.number().optional() });
/** @see https://google.aip.dev/auth/4110 */
const keyFileSchema = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('service_account'),
    client_email: z.string(),
    private_key: z.string(),
    private_key_id: z.string().optional(),
    token_uri: z.url().default(TOKEN_URL),
  }),
  z.looseObject({
    type: z.literal('authorized_user'),
    client_id: z.string(),
    client_secret: z.string(),
    refresh_token: z.string(),
    token_uri: z.url().default(TOKEN_URL),
  }),
  z.looseObject({
    type: z.literal('external_account'),
    audience: z.string(),
    subject_token_type: z.string(),
    token_url: z.url(),
    service_account_impersonation_url: z.url().optional(),
    credential_source: z.looseObject({
      file: z.string().optional(),
      url: z.url().optional(),
      headers: z.record(z.string(), z.string()).optional(),
      format: z.looseObject({ type: z.string(), subject_token_field_name: z.string().optional() }).optional(),
    }),
  }),
]);
type KeyFile = z.infer<typeof keyFileSchema>;
type External = Extract<KeyFile, { type: 'external_account' }>;
interface AccessToken {
  readonly value: string;
  readonly seconds: number;
}

/**
 * Container Registry and Artifact Registry: with `GOOGLE_APPLICATION_CREDENTIALS` (a service account's key, a user's, or
 * workload identity federation by file or URL), else the metadata service's account (`GCE_METADATA_HOST`).
 */
export function googleProvider(context: CloudContext): CloudProvider {
  const { clock } = context;
  return {
    key: (registry) => (/(^|\.)gcr\.io$|\.pkg\.dev$/.test(registry) ? 'google' : undefined),
    async ask() {
      const asked = clock.now();
      const token = await accessToken(context);
      const credential = { kind: 'password', username: TOKEN_USER, password: token.value } as const;
      return { credential, expires: asked + token.seconds * 1000 } satisfies CloudCredential;
    },
  };
}

/** An access token for any of Google's services, from where {@link googleProvider} has its own. */
export async function googleToken(context: CloudContext): Promise<string> {
  return (await accessToken(context)).value;
}

async function accessToken(context: CloudContext): Promise<AccessToken> {
  const path = context.env.GOOGLE_APPLICATION_CREDENTIALS;
  return path ? tokenOf(await readJsonFile(path, keyFileSchema), context) : metadata(context);
}

async function metadata(context: CloudContext): Promise<AccessToken> {
  const host = context.env.GCE_METADATA_HOST || 'metadata.google.internal';
  const url = `http://${host}/computeMetadata/v1/instance/service-accounts/default/token`;
  return token(context, url, { headers: { 'metadata-flavor': 'Google' }, ...METADATA });
}

function tokenOf(file: KeyFile, context: CloudContext): Promise<AccessToken> {
  switch (file.type) {
    case 'service_account': {
      const now = Math.floor(context.clock.now() / 1000);
      const header = { alg: 'RS256', typ: 'JWT', ...(file.private_key_id ? { kid: file.private_key_id } : {}) };
      const claims = {
        iss: file.client_email,
        scope: SCOPE,
        aud: file.token_uri,
        iat: now,
        exp: now + ASSERTION_SECONDS,
      };
      const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
      const assertion = `${text}.${createSign('RSA-SHA256').update(text).sign(file.private_key, 'base64url')}`;
      return post(context, file.token_uri, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
    }
    case 'authorized_user': {
      const { client_id, client_secret, refresh_token } = file;
      return post(context, file.token_uri, { grant_type: 'refresh_token', client_id, client_secret, refresh_token });
    }
    case 'external_account':
      return federated(file, context);
  }
}

/** @see https://google.aip.dev/auth/4117 */
async function federated(file: External, context: CloudContext): Promise<AccessToken> {
  const exchanged = await post(context, file.token_url, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    audience: file.audience,
    scope: SCOPE,
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token_type: file.subject_token_type,
    subject_token: await subjectToken(file, context),
  });
  const url = file.service_account_impersonation_url;
  if (!url) return exchanged;
  const schema = z.looseObject({ accessToken: z.string().min(1), expireTime: z.iso.datetime({ offset: true }) });
  const impersonated = await askJson(context, url, schema, {
    method: 'POST',
    headers: { authorization: `Bearer ${exchanged.value}`, 'content-type': 'application/json' },
    body: JSON.stringify({ scope: [SCOPE] }),
  });
  const seconds = (Date.parse(impersonated.expireTime) - context.clock.now()) / 1000;
  return { value: impersonated.accessToken, seconds };
}

async function subjectToken({ credential_source: source }: External, context: CloudContext): Promise<string> {
  if (source.file === undefined && source.url === undefined)
    throw new Error('GOOGLE_APPLICATION_CREDENTIALS: only a credential_source of file or url is supported');
  const text = source.file
    ? await readText(source.file)
    : await askText(context, source.url!, { headers: source.headers ?? {} });
  const field = source.format?.type === 'json' ? source.format.subject_token_field_name : undefined;
  if (field === undefined) return text;
  const found = z.looseObject({ [field]: z.string() }).safeParse(JSON.parse(text)).data?.[field];
  if (typeof found !== 'string') throw new Error(`the subject token of GOOGLE_APPLICATION_CREDENTIALS has no ${field}`);
  return found;
}

function post(context: CloudContext, url: string, form: Readonly<Record<string, string>>): Promise<AccessToken> {
  return token(context, url, { method: 'POST', body: new URLSearchParams(form) });
}

async function token(context: CloudContext, url: string, call: Parameters<typeof askJson>[3]): Promise<AccessToken> {
  const { access_token, expires_in } = await askJson(context, url, tokenSchema, call);
  return { value: access_token, seconds: expires_in ?? ASSERTION_SECONDS };
}
