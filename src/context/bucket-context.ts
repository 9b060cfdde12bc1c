import { VarveError } from '../errors.ts';
import type { Clock } from '../io/clock.ts';
import { redactUrl } from '../io/redact.ts';
import { type BucketAddress, parseBucketAddress } from './bucket-address.ts';
import type { ContextSource } from './context-source.ts';
import type { HttpFetcher } from './http-fetcher.ts';
import { azureRequest, gcsRequest, type ObjectRequest, type S3Keys, s3Request } from './object-request.ts';

/** How buckets are reached. */
export interface BucketAccess {
  /** The environment's names: `S3_ENDPOINT`, `AWS_REGION`, `AZURE_STORAGE_ACCESS_KEY` and the like. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Keys for Amazon's services, as the platform gives them; undefined when there are none. */
  awsKeys(region: string): Promise<S3Keys | undefined>;
  /** The region that a profile names. */
  awsRegion(): Promise<string | undefined>;
  /** An access token for Google's services; undefined where nobody gives one. */
  googleToken(): Promise<string | undefined>;
  /** Makes the client when something is downloaded. */
  http(): HttpFetcher;
  readonly clock: Pick<Clock, 'now'>;
  readonly signal: AbortSignal;
}

const GCS_ORIGIN = 'https://storage.googleapis.com';
const DEFAULT_REGION = 'us-east-1';
/** Most of a service's own words that goes into a message. */
const MESSAGE_LIMIT_CHARS = 200;

/** An archive in a bucket as a context, downloaded when it is opened; undefined for a text that names none. */
export function bucketContext(text: string, access: BucketAccess): ContextSource | undefined {
  const address = parseBucketAddress(text);
  // Without a key it is a URL like any other: it may have a signature in it, or be for everybody.
  if (!address || (address.service === 'azure' && !access.env.AZURE_STORAGE_ACCESS_KEY)) return undefined;
  const name = address.service === 'azure' ? redactUrl(text) : text;
  return { kind: 'archive', name, open: () => download(name, address, access) };
}

async function* download(name: string, address: BucketAddress, access: BucketAccess): AsyncGenerator<Uint8Array> {
  const http = access.http();
  try {
    const region = await regionOf(address, access);
    let response = await get(await requestFor(address, region, access), http, access);
    const other = response.headers['x-amz-bucket-region'];
    if (response.status !== OK && typeof other === 'string' && other !== region) {
      response.body.resume();
      response = await get(await requestFor(address, other, access), http, access);
    }
    if (response.status !== OK) throw refused(name, address, response.status, await wordsOf(response.body));
    yield* response.body as AsyncIterable<Buffer>;
  } catch (error) {
    if (error instanceof VarveError || access.signal.aborted) throw error;
    throw new VarveError('CONTEXT_DOWNLOAD', `the build context ${name}: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    await http.close();
  }
}

const OK = 200;

function get({ url, headers }: ObjectRequest, http: HttpFetcher, { signal }: BucketAccess) {
  return http.fetch(url, signal, headers);
}

async function regionOf(address: BucketAddress, { env, awsRegion }: BucketAccess): Promise<string> {
  if (address.service !== 's3') return '';
  return env.AWS_REGION || env.AWS_DEFAULT_REGION || (await awsRegion()) || DEFAULT_REGION;
}

async function requestFor(address: BucketAddress, region: string, access: BucketAccess): Promise<ObjectRequest> {
  const { env, clock } = access;
  switch (address.service) {
    case 's3': {
      const endpoint = env.S3_ENDPOINT || env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined;
      const pathStyle = endpoint !== undefined && env.S3_FORCE_PATH_STYLE?.toLowerCase() === 'true';
      return s3Request({ ...address, region, endpoint, pathStyle }, await access.awsKeys(region), clock.now());
    }
    case 'gs': {
      const emulator = env.STORAGE_EMULATOR_HOST;
      const origin = emulator ? emulator.replace(/^(?!https?:\/\/)/, 'http://').replace(/\/+$/, '') : GCS_ORIGIN;
      return gcsRequest(address.bucket, address.object, origin, await access.googleToken());
    }
    case 'azure': {
      const account = new URL(address.url).hostname.split('.')[0]!;
      return azureRequest(address.url, account, env.AZURE_STORAGE_ACCESS_KEY!, clock.now());
    }
  }
}

const HINTS: Readonly<Record<BucketAddress['service'], string>> = {
  s3: 'keys are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ~/.aws/credentials, or given by the platform; AWS_REGION is where the bucket is',
  gs: 'GOOGLE_APPLICATION_CREDENTIALS names a file with a key, or the platform gives a token',
  azure: 'AZURE_STORAGE_ACCESS_KEY is a key of the account',
};

function refused(name: string, { service }: BucketAddress, status: number, words: string): VarveError {
  return new VarveError('CONTEXT_DOWNLOAD', `the build context ${name}: answer ${status}${words ? `: ${words}` : ''}`, {
    hint: HINTS[service],
  });
}

/** What an error's document says. */
async function wordsOf(body: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of body) if (text.length < 64 * 1024) text += Buffer.from(chunk as Buffer).toString('utf8');
  const found = /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? /"message":\s*"([^"]*)"/.exec(text)?.[1] ?? text;
  return found.replace(/\s+/g, ' ').trim().slice(0, MESSAGE_LIMIT_CHARS);
}
