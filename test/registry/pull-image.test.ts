import test from 'ava';
import { parseReference } from '../../src/oci/reference.ts';
import { resolveImage } from '../../src/registry/pull-image.ts';
import { startFake } from '../support/fake-registry.ts';
import { testClient } from '../support/registry-client.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const SCHEMA1 = JSON.stringify({ schemaVersion: 1, name: 'app', tag: '1', fsLayers: [], history: [] });
const ARTIFACT = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', digest: `sha256:${'0'.repeat(64)}`, size: 2 },
  layers: [],
});

const REFUSED: readonly [what: string, type: string, body: string, code: string, message: RegExp][] = [
  ['schema 1', 'application/vnd.docker.distribution.manifest.v1+json', SCHEMA1, 'MANIFEST_SCHEMA1', /schema 1/],
  [
    'signed schema 1',
    'application/vnd.docker.distribution.manifest.v1+prettyjws',
    SCHEMA1,
    'MANIFEST_SCHEMA1',
    /schema 1/,
  ],
  ['schema 1 under another type', 'application/json', SCHEMA1, 'MANIFEST_SCHEMA1', /schema 1/],
  ['a chart', 'application/vnd.oci.image.manifest.v1+json', ARTIFACT, 'REGISTRY_NOT_IMAGE', /artifact of type .*helm/],
  ['no manifest at all', 'text/html', '<html>login</html>', 'MANIFEST_INVALID', /not JSON/],
];

for (const [what, type, body, code, message] of REFUSED) {
  test(`refused by name: ${what}`, async (t) => {
    await using server = await startFake(
      (_, response) => void response.writeHead(200, { 'content-type': type }).end(body),
    );
    await using client = testClient();
    const reference = parseReference(`${server.host}/app:1`);
    await t.throwsAsync(resolveImage(client, reference, AMD64), { code, message });
  });
}
