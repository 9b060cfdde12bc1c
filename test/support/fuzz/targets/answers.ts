import { gzipSync } from 'node:zlib';
import { createRedactor } from '../../../../src/io/redact.ts';
import { defaultRetryPolicy } from '../../../../src/io/retry.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { parseReference } from '../../../../src/oci/reference.ts';
import { parseChallenges } from '../../../../src/registry/challenge.ts';
import { collect } from '../../../../src/registry/image-files.ts';
import { startRaw } from '../../raw-server.ts';
import { passwordFor, type TestClient, testClient } from '../../registry-client.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const BLOB = Buffer.from('the bytes of a blob');
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf('c'), size: 1 },
  layers: [],
});

const answer = (status: string, headers: string, body: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n`),
    Buffer.from(body),
  ]);

const SAMPLES = [
  answer('200 OK', 'Content-Type: application/vnd.oci.image.manifest.v1+json\r\n', MANIFEST),
  answer('200 OK', `Docker-Content-Digest: ${digestOf(BLOB)}\r\nContent-Type: text/plain\r\n`, BLOB),
  answer('206 Partial Content', 'Content-Range: bytes 3-18/19\r\n', BLOB.subarray(3)),
  answer('401 Unauthorized', 'WWW-Authenticate: Bearer realm="/token",service="s",scope="x"\r\n', '{"token":"abc"}'),
  answer('401 Unauthorized', 'WWW-Authenticate: Basic realm="x"\r\n', '{"errors":[{"code":"DENIED","message":"no"}]}'),
  answer('307 Temporary Redirect', 'Location: /v2/x/blobs/y?z=1\r\n', ''),
  answer('429 Too Many', 'Retry-After: 1\r\nContent-Type: application/json\r\n', '{"errors":[{"code":"X"}]}'),
  answer('200 OK', 'Link: </v2/x/tags/list?n=1&last=a>; rel="next"\r\n', '{"tags":["a","b"]}'),
  answer('200 OK', 'Content-Encoding: gzip\r\n', gzipSync('{"token":"abc"}')),
  answer('202 Accepted', 'Location: /v2/x/blobs/uploads/1?_state=a\r\nRange: 0-4\r\n', ''),
  Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'),
];
const TOKENS = [
  '\r\n',
  '\r\n\r\n',
  'Location: http://user:pass@127.0.0.1:1/\r\n',
  'Location: file:///etc/passwd\r\n',
  'Content-Length: 99\r\n',
  'Content-Length: -1\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Retry-After: 1e9\r\n',
  'Docker-Content-Digest: sha256:x\r\n',
  'WWW-Authenticate: Bearer realm="http://[::1"\r\n',
  'WWW-Authenticate: Negotiate\r\n',
  'Link: <',
  'HTTP/1.1 100 Continue\r\n\r\n',
  '\\"',
];

/** Bytes that a server answers with, whatever it is asked; what a client that believes in it does then ends in an error or a value. */
export async function answerTargets(): Promise<FuzzTarget[]> {
  const server = await startRaw();
  const registry = server.host;
  const name = { registry, repository: 'x/y' };
  const reference = parseReference(`${registry}/x/y:1`);
  const blob = { digest: digestOf(BLOB), size: BLOB.length };
  const calls: readonly ((client: TestClient) => Promise<unknown>)[] = [
    (client) => client.manifest(reference),
    (client) => client.headManifest(reference),
    async (client) => collect(await client.blob(name, blob)),
    (client) => client.referrers(name, blob.digest),
    (client) => client.ping(registry),
    (client) => client.checkPush(name),
    (client) => client.pushManifest(reference, Buffer.from(MANIFEST), 'application/vnd.oci.image.manifest.v1+json'),
  ];
  let index = 0;
  const withClient = async (work: (client: TestClient) => Promise<unknown>): Promise<void> => {
    const signal = AbortSignal.timeout(20_000);
    await using client = testClient({
      insecureRegistries: [registry],
      limits: { silenceMs: 1500, uploadSilenceMs: 1500 },
      redactor: createRedactor(),
      credentials: passwordFor('user', 'a-password-of-length'),
      retryPolicy: { ...defaultRetryPolicy, attempts: 2, random: () => 0, sleep: async () => {} },
    });
    await work(client);
    signal.throwIfAborted();
  };
  return [
    {
      name: 'challenge',
      samples: ['Bearer realm="https://a/t",service="s", Basic realm=x', 'Negotiate, Bearer a=b'].map((text) =>
        Buffer.from(text),
      ),
      tokens: ['="', '\\"', ',', ', ', '=', '\t'],
      read: (header) => parseChallenges(header.toString('latin1')),
    },
    {
      name: 'http-answer',
      heavy: true,
      refusesSamples: true,
      samples: SAMPLES,
      tokens: TOKENS,
      async read(input) {
        server.answer(input);
        await withClient(calls[index++ % calls.length]!);
      },
    },
    {
      // Callers take any error of it for "it cannot be asked".
      name: 'http-tags',
      heavy: true,
      refusesSamples: true,
      samples: SAMPLES.filter((sample) => sample.includes('tags') || sample.includes('token')),
      tokens: TOKENS,
      async read(input) {
        server.answer(input);
        await withClient((client) => client.tags(name));
      },
      expects: (error) => error instanceof Error && !(error instanceof TypeError),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    },
  ];
}
