import type { Socket } from 'node:net';
import test from 'ava';
import { fixedClock } from '../../src/io/clock.ts';
import { silentLog } from '../../src/io/log.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../src/oci/media-types.ts';
import { defaultRegistryLimits } from '../../src/registry/create-registry-client.ts';
import { anonymous } from '../../src/registry/credential-source.ts';
import { createRegistryConnections } from '../../src/registry/registry-connections.ts';
import { json, startFake } from '../support/fake-registry.ts';
import { testClient } from '../support/registry-client.ts';

const DIGEST = digestOf('blob');

test('a HEAD leaves its connection open; clients that share connections share tokens, too', async (t) => {
  const sockets = new Set<Socket>();
  await using server = await startFake((request, response) => {
    sockets.add(request.socket);
    if (request.url?.startsWith('/token')) return json(response, 200, { token: 'token', expires_in: 300 });
    if (request.headers.authorization !== 'Bearer token') {
      const challenge = `Bearer realm="${server.origin}/token",service="svc",scope="repository:app:pull"`;
      return json(response, 401, {}, { 'www-authenticate': challenge });
    }
    response.writeHead(200, { 'content-length': '4', 'content-type': OCI_MANIFEST }).end();
  });
  const options = {
    credentials: anonymous,
    insecureRegistries: [],
    userAgent: 'varve-test/1',
    log: silentLog,
    clock: fixedClock(0),
  };
  const connections = createRegistryConnections(options, defaultRegistryLimits);
  const repository = { registry: server.host, repository: 'app' };
  await using first = testClient({ connections });
  await using second = testClient({ connections });
  for (const client of [first, second, first]) t.deepEqual(await client.headBlob(repository, DIGEST), { size: 4 });
  await first.close();
  t.deepEqual(await second.headBlob(repository, DIGEST), { size: 4 });
  t.deepEqual(
    server.requests.map((request) => request.replace(/\?.*/, '').replace(/ .*\//, ' ')),
    [`HEAD ${DIGEST}`, 'GET token', ...Array.from({ length: 4 }, () => `HEAD ${DIGEST}`)],
  );
  // The token's place is one more origin's.
  t.true(sockets.size <= 2, `${sockets.size} connections`);
  await connections.close();
});
