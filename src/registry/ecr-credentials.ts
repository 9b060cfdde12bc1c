import * as z from 'zod';
import { awsKeys } from './aws-keys.ts';
import type { CloudProvider } from './cloud-provider.ts';
import { askJson, type CloudContext } from './cloud-request.ts';

/** `123456789012.dkr.ecr.eu-central-1.amazonaws.com`, FIPS, China, and the dual-stack form. */
const PRIVATE =
  /^(\d{12})\.dkr[.-]ecr(-fips)?\.([a-z0-9-]+)\.(amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)$/;
const PUBLIC = 'public.ecr.aws';
/** The public registry's API is there only. */
const PUBLIC_REGION = 'us-east-1';

const entrySchema = z.looseObject({
  authorizationToken: z.string(),
  /** Seconds since 1970. */
  expiresAt: z.number(),
});
const privateSchema = z.looseObject({ authorizationData: z.array(entrySchema).min(1) });
const publicSchema = z.looseObject({ authorizationData: entrySchema });

/**
 * Elastic Container Registry: GetAuthorizationToken, signed with what {@link awsKeys} finds. The service's address may be
 * given in `AWS_ENDPOINT_URL_ECR` or `AWS_ENDPOINT_URL`.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
 */
export function ecrProvider(context: CloudContext): CloudProvider {
  return {
    key: (registry) => (registry === PUBLIC || PRIVATE.test(registry) ? registry : undefined),
    async ask(registry) {
      const { region, service, url, target } = serviceOf(registry, context);
      const keys = await awsKeys(context, region);
      if (!keys) return undefined;
      const { AwsV4Signer } = await import('aws4fetch');
      const signed = await new AwsV4Signer({
        ...keys,
        method: 'POST',
        url,
        service,
        region,
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
        body: '{}',
        datetime: new Date(context.clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, ''),
      }).sign();
      const call = { method: 'POST', headers: Object.fromEntries(signed.headers), body: '{}' } as const;
      const { authorizationToken, expiresAt } =
        registry === PUBLIC
          ? (await askJson(context, url, publicSchema, call)).authorizationData
          : (await askJson(context, url, privateSchema, call)).authorizationData[0]!;
      const [username, ...password] = Buffer.from(authorizationToken, 'base64').toString('utf8').split(':');
      if (!username || password.length === 0) throw new Error('the token of ECR is not base64 of user:password');
      return {
        credential: { kind: 'password', username, password: password.join(':') },
        expires: expiresAt * 1000,
      };
    },
  };
}

function serviceOf(registry: string, { env }: CloudContext) {
  const given = env.AWS_ENDPOINT_URL_ECR || env.AWS_ENDPOINT_URL;
  if (registry === PUBLIC) {
    return {
      region: PUBLIC_REGION,
      service: 'ecr-public',
      url:
        env.AWS_ENDPOINT_URL_ECR_PUBLIC ||
        env.AWS_ENDPOINT_URL ||
        `https://api.ecr-public.${PUBLIC_REGION}.amazonaws.com/`,
      target: 'SpencerFrontendService.GetAuthorizationToken',
    };
  }
  const [, , fips, region = '', domain = ''] = PRIVATE.exec(registry) ?? [];
  const suffix = domain.endsWith('.cn') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return {
    region,
    service: 'ecr',
    url: given || `https://${fips ? 'ecr-fips' : 'api.ecr'}.${region}.${suffix}/`,
    target: 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
  };
}
