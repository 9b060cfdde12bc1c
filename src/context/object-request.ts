import { createHmac } from 'node:crypto';

/** A GET that a cloud lets through. */
export interface ObjectRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface S3Place {
  readonly bucket: string;
  readonly object: string;
  readonly region: string;
  /** Of another service than Amazon's, with its scheme. */
  readonly endpoint?: string | undefined;
  /** Whether the bucket stands in the path and not in the host. */
  readonly pathStyle: boolean;
}

/** Keys as aws4fetch takes them. */
export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Of the Blob service; any from 2015-02-21 signs like this. @see https://learn.microsoft.com/rest/api/storageservices/versioning-for-the-azure-storage-services */
const AZURE_VERSION = '2021-12-02';

/** An object of S3 or of what speaks like it; without keys, one that everybody may read. */
export async function s3Request(place: S3Place, keys: S3Keys | undefined, now: number): Promise<ObjectRequest> {
  const url = s3Url(place);
  if (!keys) return { url, headers: {} };
  const { AwsV4Signer } = await import('aws4fetch');
  const datetime = new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, '');
  const { region } = place;
  const signed = await new AwsV4Signer({ ...keys, method: 'GET', url, service: 's3', region, datetime }).sign();
  return { url: signed.url.href, headers: Object.fromEntries(signed.headers) };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html */
function s3Url({ bucket, object, region, endpoint, pathStyle }: S3Place): string {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const base = new URL(endpoint ?? `https://s3.${region}.${domain}`);
  const path = object.split('/').map(encodeURIComponent).join('/');
  // A dot in the bucket's name would be beyond the certificate's wildcard.
  const isInPath = pathStyle || (endpoint === undefined && bucket.includes('.'));
  const host = isInPath ? base.host : `${bucket}.${base.host}`;
  const prefix = base.pathname.replace(/\/$/, '');
  return `${base.protocol}//${host}${prefix}/${isInPath ? `${encodeURIComponent(bucket)}/` : ''}${path}`;
}

/** An object of Google's Cloud Storage. @param origin of the service, or of an emulator */
export function gcsRequest(bucket: string, object: string, origin: string, token: string | undefined): ObjectRequest {
  const url = `${origin}/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(object)}?alt=media`;
  return { url, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } };
}

/**
 * A blob of Azure, signed with the account's key.
 * @param key base64
 * @see https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
 */
export function azureRequest(url: string, account: string, key: string, now: number): ObjectRequest {
  const { pathname, searchParams } = new URL(url);
  const own = { 'x-ms-date': new Date(now).toUTCString(), 'x-ms-version': AZURE_VERSION };
  const headers = Object.entries(own).map(([name, value]) => `${name}:${value}`);
  const query = [...searchParams].map(([name, value]) => `${name.toLowerCase()}:${value}`).sort();
  // The eleven fields after the verb are headers that a plain GET doesn't have.
  const text = ['GET', ...Array<string>(11).fill(''), ...headers, `/${account}${pathname}`, ...query].join('\n');
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(text, 'utf8').digest('base64');
  return { url, headers: { ...own, authorization: `SharedKey ${account}:${signature}` } };
}
