/** An object in somebody's cloud. */
export type BucketAddress =
  | { readonly service: 's3' | 'gs'; readonly bucket: string; readonly object: string }
  /** The whole URL: the account is the host's first label. */
  | { readonly service: 'azure'; readonly url: string };

/** The object of a bucket that is named alone, as in kaniko. */
const DEFAULT_OBJECT = 'context.tar.gz';
/** Of Azure's clouds. */
const AZURE_HOST = /^[a-z0-9]{3,24}\.blob\.core\.(?:windows\.net|chinacloudapi\.cn|cloudapi\.de|usgovcloudapi\.net)$/;

/** Reads `s3://BUCKET[/KEY]`, `gs://BUCKET[/OBJECT]` and `https://ACCOUNT.blob.core.windows.net/…`; undefined for anything else. */
export function parseBucketAddress(text: string): BucketAddress | undefined {
  const [, service, bucket = '', object = ''] = /^(s3|gs):\/\/([^/]+)\/*(.*)$/s.exec(text) ?? [];
  if (service === 's3' || service === 'gs') return { service, bucket, object: object || DEFAULT_OBJECT };
  if (!/^https:\/\//.test(text) || !URL.canParse(text)) return undefined;
  return AZURE_HOST.test(new URL(text).hostname) ? { service: 'azure', url: text } : undefined;
}
