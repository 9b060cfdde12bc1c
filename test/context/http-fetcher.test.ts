import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';
import { authoritiesOf } from '../../src/cli/registry-flags.ts';
import { createHttpFetcher } from '../../src/context/http-fetcher.ts';
import { makeAuthority } from '../support/certificates.ts';
import { startFake } from '../support/fake-registry.ts';

test('contexts by https are had from servers whose authority lies in a directory of $SSL_CERT_DIR, and from no others', async (t) => {
  using temp = temporaryDirectory('varve-https');
  const directory = join(temp.path, 'certs');
  mkdirSync(directory);
  const authority = await makeAuthority(temp.path);
  const { cert, key } = await authority.issue('server');
  const tls = { certificate: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  await using server = await startFake((_, response) => void response.end('the archive'), tls);
  const get = async (): Promise<string> => {
    const env = { SSL_CERT_FILE: authority.ca.replace('ca.pem', 'none.pem'), SSL_CERT_DIR: `/not/there:${directory}` };
    writeFileSync(env.SSL_CERT_FILE, '');
    const http = createHttpFetcher('test', {}, authoritiesOf(env));
    try {
      return await text((await http.fetch(`${server.origin}/x`, new AbortController().signal)).body);
    } finally {
      await http.close();
    }
  };
  await t.throwsAsync(get, { message: /certificate|issuer/i });
  writeFileSync(join(directory, 'README'), 'no certificate');
  writeFileSync(join(directory, 'additional-ca-cert-bundle.crt'), readFileSync(authority.ca));
  t.is(await get(), 'the archive');
});
