import test from 'ava';
import { createHttpFetcher } from '../../src/context/http-fetcher.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../src/oci/media-types.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { startFake } from '../support/fake-registry.ts';
import { startForwardProxy } from '../support/forward-proxy.ts';
import { serveFiles } from '../support/http-files.ts';
import { testClient } from '../support/registry-client.ts';

const signal = new AbortController().signal;

test('a download goes through the proxy, redirects as well, and past it for whom NO_PROXY names', async (t) => {
  await using server = await serveFiles({
    '/a': { body: 'a', location: 'http://other.example:81/b' },
    '/b': { body: 'b' },
  });
  await using proxy = await startForwardProxy({ 'files.example:80': server.host, 'other.example:81': server.host });
  const http = createHttpFetcher('test', { http: proxy.url.replace('//', '//me:p%40ss@') });
  t.teardown(() => http.close());
  const { body, status } = await http.fetch('http://files.example/a?q=1', signal);
  t.is(status, 200);
  t.is(await new Response(body as never).text(), 'b');
  t.deepEqual(proxy.requests, ['GET http://files.example/a?q=1', 'GET http://other.example:81/b']);
  t.is(proxy.authorizations[0], `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  t.deepEqual(
    server.requests.map(({ headers }) => headers.host),
    ['files.example', 'other.example:81'],
  );
  t.is((await http.fetch(`${server.url}/b`, signal)).status, 200);
  t.is(proxy.requests.length, 2, 'a loopback address takes none');
  const past = createHttpFetcher('test', { http: proxy.url, no: 'files.invalid' });
  t.teardown(() => past.close());
  await t.throwsAsync(past.fetch('http://files.invalid/a', signal), { message: /ENOTFOUND|EAI_AGAIN/ });
  t.is(proxy.requests.length, 2);
  const wrong = createHttpFetcher('test', { http: 'socks5://h:1' });
  t.teardown(() => wrong.close());
  await t.throwsAsync(wrong.fetch('http://files.example/a', signal), { code: 'PROXY_INVALID' });
});

test('a registry is reached through the proxies: TLS by a tunnel, plain HTTP by the whole URL', async (t) => {
  const manifest = Buffer.from('{"schemaVersion":2,"config":{},"layers":[]}');
  await using registry = await startFake((_, response) => {
    response.writeHead(200, { 'content-type': OCI_MANIFEST }).end(manifest);
  });
  const host = 'registry.example:5000';
  await using proxy = await startForwardProxy({ [host]: registry.host });
  const proxies = { http: proxy.url, https: proxy.url };
  await using client = testClient({ proxies, insecureRegistries: [host] });
  const { descriptor } = await client.manifest(parseReference(`${host}/app:1`));
  t.is(descriptor.digest, digestOf(manifest));
  t.deepEqual(proxy.requests, [`CONNECT ${host}`, `GET http://${host}/v2/app/manifests/1`]);
  await using stranger = testClient({ proxies });
  await t.throwsAsync(stranger.manifest(parseReference('unknown.example/app:1')), {
    code: 'REGISTRY_CONNECTION',
    message: /unknown\.example.*502/,
  });
  t.true(proxy.requests.includes('CONNECT unknown.example:443'));
});
