import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { sendContext, sendDockerfile } from '../../../src/build/contexts/context-artifact.ts';
import { openSources } from '../../../src/build/contexts/open-sources.ts';
import type { Services } from '../../../src/build/services.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { formatReference, type Reference } from '../../../src/oci/reference.ts';
import { contextTag } from '../../../src/registry/file-artifact.ts';
import { startRecordingProxy } from '../../support/recording-proxy.ts';
import { startRegistry } from '../../support/registry.ts';
import { type BuildBench, buildBench } from '../support/build-bench.ts';

const DOCKERFILE = 'FROM scratch\nCOPY . /\n';

/** Sends a directory while the services of a build are there. */
async function send<T>(bench: BuildBench, host: string, work: (services: Services) => Promise<T>): Promise<T> {
  const empty = bench.directory('empty', { a: '' });
  let made: T | undefined;
  await bench.build('FROM scratch\nCOPY a /\n', empty, {
    insecureRegistry: host,
    inspect: async (_, services) => (made = await work(services)),
  });
  return made!;
}

function sendDirectory(bench: BuildBench, host: string, path: string): Promise<Reference> {
  return send(bench, host, async (services) => {
    await using sources = openSources(
      {
        context: { kind: 'directory', path },
        dockerfile: { kind: 'given', path: join(path, 'Dockerfile'), bytes: Buffer.from(DOCKERFILE) },
        namedContexts: new Map(),
        buildArgs: new Map(),
      },
      services,
    );
    return sendContext(sources.contexts, { registry: host, repository: 'cache' }, services);
  });
}

test('a context that is sent gives the same files elsewhere, is sent once, and no other one under its tag is taken', async (t) => {
  const registry = await startRegistry();
  t.teardown(() => registry.stop());
  await using proxy = await startRecordingProxy(registry.host);
  const { host } = proxy;
  const bench = buildBench(t);
  const context = bench.directory('context', {
    Dockerfile: DOCKERFILE,
    '.dockerignore': 'Dockerfile\nhidden\n',
    hidden: 'hidden',
    'a/b/file': 'file',
    'a/script': '#!/bin/sh\n',
  });
  mkdirSync(join(context, 'nothing'));
  chmodSync(join(context, 'a/script'), 0o4755);
  chmodSync(join(context, 'nothing'), 0o700);
  linkSync(join(context, 'a/script'), join(context, 'also'));
  symlinkSync('../nowhere', join(context, 'a/link'));
  writeFileSync(Buffer.concat([Buffer.from(`${context}/`), Buffer.from([0xff, 0x41])]), 'no UTF-8');
  execFileSync('mkfifo', [join(context, 'fifo')]);

  const reference = await sendDirectory(bench, host, context);
  t.regex(reference.tag!, /^context-[0-9a-f]{64}$/);
  const here = await bench.build(DOCKERFILE, context);
  const there = await bench.build(
    DOCKERFILE,
    { kind: 'artifact', reference },
    { store: 'there', insecureRegistry: host },
  );
  t.is(there.image.layers[0]!.diffId, here.image.layers[0]!.diffId);

  // Another checkout has other times; the files are there.
  utimesSync(join(context, 'a/b/file'), 1, 1);
  proxy.clear();
  t.deepEqual(await sendDirectory(bench, host, context), reference);
  t.deepEqual(
    proxy.exchanges.filter(({ method }) => method !== 'HEAD' && method !== 'GET'),
    [],
  );
  writeFileSync(join(context, 'a/b/file'), 'other');
  const other = await sendDirectory(bench, host, context);
  t.not(other.tag, reference.tag);

  const manifest = await (
    await fetch(`http://${registry.host}/v2/cache/manifests/${other.tag}`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    })
  ).text();
  const put = await fetch(`http://${registry.host}/v2/cache/manifests/${reference.tag}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
    body: manifest,
  });
  t.is(put.status, 201);
  await t.throwsAsync(
    bench.build(DOCKERFILE, { kind: 'artifact', reference }, { store: 'third', insecureRegistry: host }),
    { code: 'ARTIFACT_INVALID', message: new RegExp(`${formatReference(reference)}: its files are not those`) },
  );
  // Under another tag it is what it is.
  const named = await bench.build(
    DOCKERFILE,
    { kind: 'artifact', reference: other, subPath: 'a' },
    { store: 'fourth', insecureRegistry: host },
  );
  t.not(named.image.layers[0]!.diffId, here.image.layers[0]!.diffId);
});

test('a Dockerfile that is sent is built under its own name; an image is no such artifact', async (t) => {
  const registry = await startRegistry();
  t.teardown(() => registry.stop());
  const { host } = registry;
  const bench = buildBench(t);
  const context = bench.directory('context', { a: 'a' });
  const reference = await send(bench, host, (services) =>
    sendDockerfile(
      { path: 'services/api.Dockerfile', bytes: Buffer.from('FROM scratch\nCOPY b /\n') },
      { registry: host, repository: 'cache' },
      services,
    ),
  );
  const error = await t.throwsAsync(
    bench.build('', context, { dockerfile: { kind: 'artifact', reference }, insecureRegistry: host }),
  );
  t.like(error, { location: { file: 'services/api.Dockerfile', start: 2 } });
  const missing = { registry: host, repository: 'cache', tag: contextTag(digestOf('nothing')) };
  await t.throwsAsync(bench.build(DOCKERFILE, { kind: 'artifact', reference: missing }, { insecureRegistry: host }), {
    code: 'REGISTRY_NOT_FOUND',
  });
});
