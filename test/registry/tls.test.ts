import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { pushImage } from '../../src/registry/push-image.ts';
import type { RegistryAccess } from '../../src/registry/registry-access.ts';
import { makeAuthority } from '../support/certificates.ts';
import { type RegistryOptions, startRegistry } from '../support/registry.ts';
import { passwordFor, testClient } from '../support/registry-client.ts';
import { sampleImage } from '../support/sample-image.ts';
import { startTokenServer } from '../support/token-server.ts';

async function world(
  t: ExecutionContext,
  options: (mutual: string) => Omit<RegistryOptions, 'tls'> & { mutual?: boolean },
) {
  const temp = temporaryDirectory('varve-tls');
  t.teardown(() => temp[Symbol.dispose]());
  const authority = await makeAuthority(temp.path);
  const server = await authority.issue('server');
  const { mutual, ...rest } = options(authority.ca);
  const registry = await startRegistry({
    ...rest,
    tls: { ...server, ...(mutual ? { clientCa: authority.ca } : {}) },
  });
  t.teardown(() => registry.stop());
  return { temp, authority, registry, image: await sampleImage(['one', 'two']) };
}

type Case = readonly [string, Partial<RegistryAccess>, pull: RegExp | undefined, push: RegExp | undefined];

test('an authority of its own: trusted by name, in certs.d, or not at all; pulls and pushes apart', async (t) => {
  const { temp, authority, registry, image } = await world(t, () => ({}));
  const directory = join(temp.path, 'certs.d', registry.host);
  mkdirSync(directory, { recursive: true });
  copyFileSync(authority.ca, join(directory, 'ca.crt'));
  const other = join(temp.path, 'other');
  mkdirSync(other);
  const stranger = await makeAuthority(other);
  const { host } = registry;
  const untrusted = /no safe connection to .*: (unable to verify|self.signed|unable to get)/;
  const http = /answered 400/;
  const cases: readonly Case[] = [
    ['nothing is said: a loopback host speaks HTTP', {}, http, http],
    ['by host and port', { certificates: new Map([[host, authority.ca]]) }, undefined, undefined],
    ['by host', { certificates: new Map([['127.0.0.1', authority.ca]]) }, undefined, undefined],
    [
      'in certs.d',
      { certificateDirectories: [join(temp.path, 'absent'), join(temp.path, 'certs.d')] },
      undefined,
      undefined,
    ],
    ['another authority', { certificates: new Map([[host, stranger.ca]]) }, untrusted, untrusted],
    [
      'another authority, for all hosts the right one',
      { certificates: new Map([[host, stranger.ca]]), authorities: [authority.ca] },
      undefined,
      undefined,
    ],
    ['not checked', { skipTlsVerifyRegistries: [host] }, undefined, undefined],
    ['insecure', { insecureRegistries: [host] }, undefined, undefined],
    [
      'not checked for pulls',
      { certificates: new Map([[host, stranger.ca]]), skipTlsVerify: ['pull'] },
      undefined,
      untrusted,
    ],
    [
      'not checked for pushes',
      { certificates: new Map([[host, stranger.ca]]), skipTlsVerify: ['push'] },
      untrusted,
      undefined,
    ],
    [
      'plain HTTP gives up no check',
      { certificates: new Map([[host, stranger.ca]]), plainHttp: ['pull', 'push'] },
      untrusted,
      untrusted,
    ],
    [
      'a file that is not there',
      { certificates: new Map([[host, '/absent.pem']]) },
      /^\/absent.pem cannot be read: ENOENT/,
      /ENOENT/,
    ],
  ];
  await using setup = testClient({ skipTlsVerifyRegistries: [host] });
  await pushImage(setup, image, [parseReference(`${host}/app:1`)]);
  for (const [name, access, pull, push] of cases) {
    await using client = testClient(access);
    const pulled = client.manifest(parseReference(`${host}/app:1`));
    if (pull) t.regex((await t.throwsAsync(pulled, undefined, name))!.message, pull, name);
    else await t.notThrowsAsync(pulled, name);
    const pushed = pushImage(client, image, [parseReference(`${host}/app:2`)]);
    if (push) t.regex((await t.throwsAsync(pushed, undefined, name))!.message, push, name);
    else await t.notThrowsAsync(pushed, name);
  }
});

test('a registry that wants a certificate of the client gets the one of flags or certs.d', async (t) => {
  const { temp, authority, registry, image } = await world(t, () => ({ mutual: true }));
  const { cert, key } = await authority.issue('client');
  const certificates = new Map([[registry.host, authority.ca]]);
  const reference = parseReference(`${registry.host}/app:1`);
  await using none = testClient({ certificates });
  const refused = await t.throwsAsync(pushImage(none, image, [reference]));
  t.regex(refused.message, /no (safe )?connection to .*|certificate/);
  await using flags = testClient({ certificates, clientCertificates: new Map([[registry.host, { cert, key }]]) });
  await pushImage(flags, image, [reference]);
  const directory = join(temp.path, 'certs.d', registry.host);
  mkdirSync(directory, { recursive: true });
  copyFileSync(authority.ca, join(directory, 'ca.crt'));
  copyFileSync(cert, join(directory, 'client.cert'));
  const certificateDirectories = [join(temp.path, 'certs.d')];
  await using half = testClient({ certificateDirectories });
  await t.throwsAsync(half.manifest(reference), { code: 'REGISTRY_TLS', message: /client.key is missing/ });
  copyFileSync(key, join(directory, 'client.key'));
  await using whole = testClient({ certificateDirectories });
  t.is((await whole.manifest(reference)).descriptor.digest, image.manifest.descriptor.digest);
  writeFileSync(join(directory, 'client.key'), '-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----\n');
  await using broken = testClient({ certificateDirectories });
  await t.throwsAsync(broken.manifest(reference), { code: 'TLS_CERTIFICATE' });
});

test('tokens and passwords over TLS: a whole push and pull, in parallel to several repositories', async (t) => {
  const user = { username: 'me', password: 'hunter22' };
  await using tokens = await startTokenServer(user);
  const { authority, registry, image } = await world(t, () => ({ tokenAuth: tokens.tokenAuth }));
  const certificates = new Map([[registry.host, authority.ca]]);
  await using client = testClient({ certificates, credentials: passwordFor(user.username, user.password) });
  const names = ['a/app:1', 'a/app:2', 'b/app:1'].map((name) => parseReference(`${registry.host}/${name}`));
  await pushImage(client, image, names);
  for (const name of names) t.is((await client.manifest(name)).descriptor.digest, image.manifest.descriptor.digest);
  t.is(client.counts.get('registry.mounts'), image.layers.length + 1);
  await using wrong = testClient({ certificates, credentials: passwordFor('me', 'wrong') });
  await t.throwsAsync(wrong.manifest(names[0]!), { code: 'REGISTRY_AUTH' });
});
