import { createPublicKey, createVerify, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';
import type { Environment } from '../../src/registry/cloud-request.ts';
import type { Credential } from '../../src/registry/credential-source.ts';
import { type Answers, type Asked, clouds } from '../support/clouds.ts';

const google = (token: string): Credential => ({ kind: 'password', username: 'oauth2accesstoken', password: token });
const METADATA = 'GET http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token';

test('Google: the metadata service, for all its registries once, until the token ends', async (t) => {
  const cloud = await clouds(
    t,
    {},
    { [METADATA]: () => ({ access_token: `t${cloud.asked.length}`, expires_in: 3600 }) },
  );
  for (const registry of ['gcr.io', 'eu.gcr.io', 'europe-docker.pkg.dev'])
    t.deepEqual(await cloud.credential(registry), google('t1'));
  t.is(cloud.asked[0]!.headers['metadata-flavor'], 'Google');
  t.deepEqual(cloud.directly, ['metadata.google.internal']);
  t.is(await cloud.credential('notgcr.io'), undefined);
  cloud.pass(54 * 60_000);
  t.deepEqual(await cloud.credential('gcr.io'), google('t1'));
  cloud.pass(2 * 60_000);
  t.deepEqual(await cloud.credential('gcr.io'), google('t2'));
  t.is(cloud.asked.length, 2);
});

test('Google: a service account key signs an assertion', async (t) => {
  using temp = temporaryDirectory('varve-google');
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const file = join(temp.path, 'key.json');
  const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(
    file,
    JSON.stringify({ type: 'service_account', client_email: 'ci@p.iam', private_key, private_key_id: 'k1' }),
  );
  const cloud = await clouds(
    t,
    { GOOGLE_APPLICATION_CREDENTIALS: file },
    {
      'POST https://oauth2.googleapis.com/token': () => ({ access_token: 'signed', expires_in: 3600 }),
    },
  );
  t.deepEqual(await cloud.credential('gcr.io'), google('signed'));
  const form = new URLSearchParams(cloud.asked[0]!.body);
  const [header = '', claims = '', signature = ''] = form.get('assertion')!.split('.');
  const verify = createVerify('RSA-SHA256').update(`${header}.${claims}`);
  t.true(verify.verify(createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })), signature, 'base64url'));
  const claimed = JSON.parse(Buffer.from(claims, 'base64url').toString());
  t.like(claimed, { iss: 'ci@p.iam', aud: 'https://oauth2.googleapis.com/token' });
  t.is(claimed.exp - claimed.iat, 3600);
});

test('Google: workload identity federation by URL, with impersonation', async (t) => {
  using temp = temporaryDirectory('varve-google');
  const file = join(temp.path, 'external.json');
  const impersonation = 'https://iamcredentials.googleapis.com/v1/sa:generateAccessToken';
  const external = {
    type: 'external_account',
    audience: '//iam.googleapis.com/pool',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: 'https://sts.googleapis.com/v1/token',
    service_account_impersonation_url: impersonation,
    credential_source: {
      url: 'https://ci.test/oidc',
      headers: { authorization: 'Bearer ci' },
      format: { type: 'json', subject_token_field_name: 'value' },
    },
  };
  writeFileSync(file, JSON.stringify(external));
  const cloud = await clouds(
    t,
    { GOOGLE_APPLICATION_CREDENTIALS: file },
    {
      'GET https://ci.test/oidc': () => ({ value: 'subject' }),
      'POST https://sts.googleapis.com/v1/token': () => ({ access_token: 'federated', expires_in: 3600 }),
      [`POST ${impersonation}`]: () => ({ accessToken: 'impersonated', expireTime: '2026-01-01T01:00:00Z' }),
    },
  );
  t.deepEqual(await cloud.credential('gcr.io'), google('impersonated'));
  t.is(cloud.asked[0]!.headers.authorization, 'Bearer ci');
  t.is(new URLSearchParams(cloud.asked[1]!.body).get('subject_token'), 'subject');
  t.is(cloud.asked[2]!.headers.authorization, 'Bearer federated');
});

const ECR = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
const ECR_API = 'POST https://api.ecr.eu-central-1.amazonaws.com/';
const authorization = (password: string) => ({
  authorizationToken: Buffer.from(`AWS:${password}`).toString('base64'),
  expiresAt: Date.UTC(2026, 0, 1, 12) / 1000,
});
const aws = (password: string): Credential => ({ kind: 'password', username: 'AWS', password });
const KEYS = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'aws-secret', AWS_SESSION_TOKEN: 'session' };

test('ECR: keys of the environment sign the request for a token, which serves twelve hours', async (t) => {
  const cloud = await clouds(t, KEYS, { [ECR_API]: () => ({ authorizationData: [authorization('pw:1')] }) });
  t.deepEqual(await cloud.credential(ECR), aws('pw:1'));
  t.deepEqual(await cloud.credential(ECR), aws('pw:1'));
  t.is(cloud.asked.length, 1);
  const { headers, body } = cloud.asked[0]!;
  t.is(headers['x-amz-target'], 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken');
  t.is(headers['x-amz-security-token'], 'session');
  t.is(headers['x-amz-date'], '20260101T000000Z');
  t.regex(headers.authorization!, /^AWS4-HMAC-SHA256 Credential=AKID\/20260101\/eu-central-1\/ecr\/aws4_request, /);
  t.is(body, '{}');
  cloud.pass(12 * 3600_000);
  await cloud.credential(ECR);
  t.is(cloud.asked.length, 2);
  t.deepEqual(cloud.directly, []);
});

test('a service that fails or does not answer is asked again, then it is a warning; one that refuses is asked once', async (t) => {
  const cloud = await clouds(t, KEYS, {
    [ECR_API]: () => (cloud.asked.length < 3 ? 503 : { authorizationData: [authorization('late')] }),
  });
  t.deepEqual(await cloud.credential(ECR), aws('late'));
  t.is(cloud.asked.length, 3);
  const refusing = await clouds(t, KEYS, { [ECR_API]: () => 403 });
  t.is(await refusing.credential(ECR), undefined);
  t.is(refusing.asked.length, 1);
  const silent = await clouds(t, KEYS, {});
  t.is(await silent.credential(ECR), undefined);
  t.deepEqual(silent.warnings, [
    `no credentials for ${ECR}: api.ecr.eu-central-1.amazonaws.com gave no answer: connect ECONNREFUSED`,
  ]);
});

test('ECR: public.ecr.aws, FIPS and China have their own services; other hosts have none', async (t) => {
  const cloud = await clouds(t, KEYS, {
    'POST https://api.ecr-public.us-east-1.amazonaws.com/': () => ({ authorizationData: authorization('public') }),
    'POST https://ecr-fips.us-east-1.amazonaws.com/': () => ({ authorizationData: [authorization('fips')] }),
    'POST https://api.ecr.cn-north-1.amazonaws.com.cn/': () => ({ authorizationData: [authorization('china')] }),
  });
  t.deepEqual(await cloud.credential('public.ecr.aws'), aws('public'));
  t.deepEqual(await cloud.credential('123456789012.dkr.ecr-fips.us-east-1.amazonaws.com'), aws('fips'));
  t.deepEqual(await cloud.credential('123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn'), aws('china'));
  t.is(await cloud.credential('ecr.eu-central-1.amazonaws.com.evil.test'), undefined);
  t.is(cloud.asked.length, 3);
});

const SOURCES: readonly [string, (dir: string) => Environment, Answers][] = [
  [
    'a web identity',
    (dir) => {
      writeFileSync(join(dir, 'token'), 'jwt\n');
      return { AWS_ROLE_ARN: 'arn:role', AWS_WEB_IDENTITY_TOKEN_FILE: join(dir, 'token') };
    },
    {
      'POST https://sts.eu-central-1.amazonaws.com/': ({ body }) =>
        new URLSearchParams(body).get('WebIdentityToken') === 'jwt' &&
        '<r><AccessKeyId>AKID</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>st</SessionToken></r>',
    },
  ],
  [
    'container credentials with a token file',
    (dir) => {
      writeFileSync(join(dir, 'token'), 'pod\n');
      const file = join(dir, 'token');
      return {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1',
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
      };
    },
    {
      'GET http://169.254.170.23/v1': ({ headers }) =>
        headers.authorization === 'pod' && { AccessKeyId: 'AKID', SecretAccessKey: 's', Token: 'st' },
    },
  ],
  [
    'the role of an EC2 instance',
    () => ({}),
    {
      'PUT http://169.254.169.254/latest/api/token': () => 'imds',
      'GET http://169.254.169.254/latest/meta-data/iam/security-credentials/': ({ headers }) =>
        headers['x-aws-ec2-metadata-token'] === 'imds' && 'builder\n',
      'GET http://169.254.169.254/latest/meta-data/iam/security-credentials/builder': () => ({
        AccessKeyId: 'AKID',
        SecretAccessKey: 's',
        Token: 'st',
      }),
    },
  ],
];

for (const [name, environment, answers] of SOURCES) {
  test(`ECR: ${name}`, async (t) => {
    using temp = temporaryDirectory('varve-aws');
    const cloud = await clouds(t, environment(temp.path), {
      ...answers,
      [ECR_API]: ({ headers }) =>
        headers['x-amz-security-token'] === 'st' && { authorizationData: [authorization('found')] },
    });
    t.deepEqual(await cloud.credential(ECR), aws('found'));
    t.deepEqual(cloud.warnings, []);
    t.deepEqual(
      cloud.directly,
      Object.keys(answers)
        .map((key) => new URL(key.split(' ')[1]!).host)
        .filter((host) => host.startsWith('169.254.')),
    );
  });
}

const EXCHANGE = 'POST https://team.azurecr.io/oauth2/exchange';
const exchange = ({ body }: Asked) =>
  new URLSearchParams(body).get('access_token') === 'aad' && {
    refresh_token: `refresh ${new URLSearchParams(body).get('service')}`,
  };
const acr: Credential = { kind: 'identity-token', token: 'refresh team.azurecr.io' };
const LOGIN = 'POST https://login.microsoftonline.com/tenant/oauth2/v2.0/token';

test('ACR: a workload identity, a service principal, the managed identity', async (t) => {
  using temp = temporaryDirectory('varve-azure');
  writeFileSync(join(temp.path, 'token'), 'jwt\n');
  const common = { AZURE_CLIENT_ID: 'client', AZURE_TENANT_ID: 'tenant' };
  const workload = await clouds(
    t,
    { ...common, AZURE_FEDERATED_TOKEN_FILE: join(temp.path, 'token') },
    {
      [LOGIN]: ({ body }) => new URLSearchParams(body).get('client_assertion') === 'jwt' && { access_token: 'aad' },
      [EXCHANGE]: exchange,
    },
  );
  t.deepEqual(await workload.credential('team.azurecr.io'), acr);
  const principal = await clouds(
    t,
    { ...common, AZURE_CLIENT_SECRET: 'azure-secret' },
    {
      [LOGIN]: ({ body }) =>
        new URLSearchParams(body).get('client_secret') === 'azure-secret' && { access_token: 'aad' },
      [EXCHANGE]: exchange,
    },
  );
  t.deepEqual(await principal.credential('team.azurecr.io'), acr);
  const query = 'api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F';
  const managed = await clouds(
    t,
    {},
    {
      [`GET http://169.254.169.254/metadata/identity/oauth2/token?${decodeURIComponent(query)}`]: ({ headers }) =>
        headers.metadata === 'true' && { access_token: 'aad' },
      [`GET http://169.254.169.254/metadata/identity/oauth2/token?${query}`]: ({ headers }) =>
        headers.metadata === 'true' && { access_token: 'aad' },
      [EXCHANGE]: exchange,
    },
  );
  t.deepEqual(await managed.credential('team.azurecr.io'), acr);
});

test('no cloud at all is silent; a cloud that refuses is one warning without secrets, then anonymous', async (t) => {
  const none = await clouds(t, {}, {});
  for (const registry of ['gcr.io', ECR, 'team.azurecr.io']) t.is(await none.credential(registry), undefined);
  t.deepEqual(none.warnings, []);
  const refused = await clouds(t, KEYS, { 'GET https://api.ecr.eu-central-1.amazonaws.com/': () => undefined });
  t.is(await refused.credential(ECR), undefined);
  t.is(await refused.credential(ECR), undefined);
  t.is(refused.asked.length, 1);
  t.deepEqual(refused.warnings, [
    `no credentials for ${ECR}: api.ecr.eu-central-1.amazonaws.com answered 404: no such thing`,
  ]);
});
