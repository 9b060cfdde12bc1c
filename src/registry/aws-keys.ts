import * as z from 'zod';
import { type AwsKeys, awsProfile } from './aws-profile.ts';
import { askJson, askText, type CloudContext, METADATA, NoAnswer, readText } from './cloud-request.ts';

/** Where the container credentials of ECS are; EKS names its own address whole. */
const ECS_ORIGIN = 'http://169.254.170.2';
const EC2_ORIGIN = 'http://169.254.169.254';
/** A build's requests for tokens are over in seconds. */
const METADATA_TOKEN_SECONDS = '300';

const keysSchema = z.looseObject({
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  Token: z.string().optional(),
});

/**
 * What the platform gives: keys in variables, a web identity (`AWS_ROLE_ARN`, `AWS_WEB_IDENTITY_TOKEN_FILE`), a profile's in ~/.aws, container
 * credentials (ECS, EKS pod identity, CodeBuild), the role of the EC2 instance, in this order.
 * @throws Error whose message holds no secret
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export async function awsKeys(context: CloudContext, region: string): Promise<AwsKeys | undefined> {
  const { env } = context;
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (accessKeyId && secretAccessKey) {
    const sessionToken = env.AWS_SESSION_TOKEN;
    return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
  }
  if (env.AWS_ROLE_ARN && env.AWS_WEB_IDENTITY_TOKEN_FILE) return webIdentity(context, region);
  const { keys } = await awsProfile(env);
  if (keys) return keys;
  const container =
    env.AWS_CONTAINER_CREDENTIALS_FULL_URI ||
    (env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI && `${ECS_ORIGIN}${env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI}`);
  if (container) return containerKeys(context, container);
  return env.AWS_EC2_METADATA_DISABLED === 'true' ? undefined : instanceKeys(context);
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
async function webIdentity(context: CloudContext, region: string): Promise<AwsKeys> {
  const { env } = context;
  const form = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: env.AWS_ROLE_ARN!,
    RoleSessionName: env.AWS_ROLE_SESSION_NAME || 'varve',
    WebIdentityToken: await readText(env.AWS_WEB_IDENTITY_TOKEN_FILE!),
  });
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const url = env.AWS_ENDPOINT_URL_STS || env.AWS_ENDPOINT_URL || `https://sts.${region}.${domain}/`;
  const answer = await askText(context, url, { method: 'POST', body: form });
  const field = (name: string): string => {
    const value = new RegExp(`<${name}>([^<]+)</${name}>`).exec(answer)?.[1];
    if (value === undefined) throw new Error(`the answer of ${new URL(url).host} has no ${name}`);
    return value.trim();
  };
  return {
    accessKeyId: field('AccessKeyId'),
    secretAccessKey: field('SecretAccessKey'),
    sessionToken: field('SessionToken'),
  };
}

/** @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html */
async function containerKeys(context: CloudContext, url: string): Promise<AwsKeys> {
  const { env } = context;
  const file = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  const authorization = file ? await readText(file) : env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
  const headers = authorization ? { authorization } : {};
  return keysOf(await askJson(context, url, keysSchema, { headers, direct: true }));
}

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html */
async function instanceKeys(context: CloudContext): Promise<AwsKeys | undefined> {
  const origin = context.env.AWS_EC2_METADATA_SERVICE_ENDPOINT?.replace(/\/$/, '') || EC2_ORIGIN;
  try {
    const token = await askText(context, `${origin}/latest/api/token`, {
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': METADATA_TOKEN_SECONDS },
      ...METADATA,
    });
    const call = { headers: { 'x-aws-ec2-metadata-token': token }, ...METADATA };
    const roles = `${origin}/latest/meta-data/iam/security-credentials/`;
    const role = (await askText(context, roles, call)).split('\n')[0]!.trim();
    return keysOf(await askJson(context, `${roles}${encodeURIComponent(role)}`, keysSchema, call));
  } catch (error) {
    if (error instanceof NoAnswer) return undefined;
    throw error;
  }
}

function keysOf({ AccessKeyId, SecretAccessKey, Token }: z.infer<typeof keysSchema>): AwsKeys {
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, ...(Token ? { sessionToken: Token } : {}) };
}
