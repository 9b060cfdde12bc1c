import { createRequire } from 'node:module';
import { AwsClient } from 'aws4fetch';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';

/** What of s3rver is used; it has no types. */
interface S3rver {
  run(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
}

/** The only account that s3rver knows. */
export const S3_KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

export interface S3Server extends AsyncDisposable {
  /** `http://127.0.0.1:40123` */
  readonly origin: string;
  put(bucket: string, object: string, bytes: Buffer): Promise<void>;
}

/** s3rver on a free loopback port: it checks signatures as S3 does. */
export async function startS3(buckets: readonly string[]): Promise<S3Server> {
  const directory = temporaryDirectory('varve-s3');
  const Server = createRequire(import.meta.url)('@20minutes/s3rver') as new (options: object) => S3rver;
  const server = new Server({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: directory.path,
    configureBuckets: buckets.map((name) => ({ name })),
  });
  const { port } = await server.run();
  const origin = `http://127.0.0.1:${port}`;
  const client = new AwsClient({ ...S3_KEYS, service: 's3', region: 'us-east-1' });
  return {
    origin,
    async put(bucket, object, bytes) {
      const response = await client.fetch(`${origin}/${bucket}/${object}`, {
        method: 'PUT',
        body: new Uint8Array(bytes),
      });
      if (!response.ok) throw new Error(`s3rver: ${await response.text()}`);
      await response.arrayBuffer();
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      directory[Symbol.dispose]();
    },
  };
}
