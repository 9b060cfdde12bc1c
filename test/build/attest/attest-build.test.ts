import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { exportImage } from '../../../src/build/output/export-image.ts';
import { pruneStore } from '../../../src/build/store/prune-store.ts';
import { createStoreServices } from '../../../src/build/store/store-services.ts';
import { verifyStore } from '../../../src/build/store/verify-store.ts';
import { parseGitReference } from '../../../src/context/git-reference.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { silentLog } from '../../../src/io/log.ts';
import { type Digest, digestHex, digestOf } from '../../../src/oci/digest.ts';
import { parsePlatform } from '../../../src/oci/platform.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { pushImage } from '../../../src/registry/push-image.ts';
import { makeGitRepository, startGitServer } from '../../support/git-server.ts';
import { serveFiles } from '../../support/http-files.ts';
import { startRegistry } from '../../support/registry.ts';
import { testClient } from '../../support/registry-client.ts';
import { sampleImage, sampleIndex } from '../../support/sample-image.ts';
import { buildBench } from '../support/build-bench.ts';

const sha256 = (digest: Digest) => ({ sha256: digestHex(digest) });

test('two platforms: one attestation manifest each, as BuildKit has them, with every material, kept in the store and pruned', async (t) => {
  await using registry = await startRegistry();
  await using git = await startGitServer();
  await using files = await serveFiles({ '/a': { body: 'fetched' }, '/b': { body: 'checked' } });
  await using client = testClient();
  const platforms = ['linux/amd64', 'linux/arm64'].map(parsePlatform);
  const bases = await Promise.all(platforms.map((platform, i) => sampleImage([`base ${i}`], platform)));
  const base = `${registry.host}/base:1`;
  const index = sampleIndex(platforms.map((platform, i) => [platform, bases[i]!]));
  await pushImage(client, index, [parseReference(base)]);
  const from = await sampleImage(['other']);
  await pushImage(client, from, [parseReference(`${registry.host}/from:1`)]);
  const main = makeGitRepository(git.directory, 'main.git').commit({ Dockerfile: 'unused', file: 'of git' });
  const added = makeGitRepository(git.directory, 'added.git').commit({ other: 'of git too' });
  const named = makeGitRepository(git.directory, 'named.git').commit({ more: 'of a named context' });
  const dockerfile = [
    `FROM ${base}`,
    'ARG WORD',
    'COPY file /',
    `COPY --from=${registry.host}/from:1 /file-0 /from`,
    'COPY --from=lib more /',
    `ADD ${files.url}/a /`,
    `ADD --checksum=${digestOf('checked')} ${files.url}/b /`,
    `ADD ${git.url}/added.git#main /added`,
    'COPY <<END /text',
    'the registry has hunter22',
    'END',
  ].join('\n');
  const bench = buildBench(t);
  const layout = join(bench.path, 'layout');
  const name = 'x.example/app:1';
  await bench.build(
    dockerfile,
    { kind: 'git', reference: parseGitReference(`${git.url}/main.git`)! },
    {
      platforms,
      withFacts: true,
      secrets: new Map([['token', { value: 'a secret value' }]]),
      buildArgs: new Map([['WORD', 'say a secret value twice']]),
      namedContexts: new Map([['lib', { kind: 'git', reference: parseGitReference(`${git.url}/named.git`)! }]]),
      insecureRegistry: registry.host,
      // As the client does with every password that it uses.
      with({ redactor }) {
        redactor.hide('hunter22');
        return {};
      },
      async inspect(_image, services, result) {
        const provenance = { mode: 'max', isReproducible: false, fileName: 'provenance.json' } as const;
        const attest = { provenance, sbom: { fileName: 'sbom.json' }, form: 'index', tool: 'varve-test' } as const;
        const outputs = [
          { type: 'oci', dest: layout, archive: false, names: [] },
          { type: 'store', names: [] },
        ] as const;
        const target = { outputs, tags: [parseReference(name)], attest, stdout: process.stdout, isRoot: false };
        await exportImage(result, target, services);
      },
    },
  );
  const json = (digest: string) =>
    JSON.parse(readFileSync(join(layout, 'blobs/sha256', digest.slice('sha256:'.length)), 'utf8'));
  const [top] = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests;
  const { manifests } = json(top.digest);
  t.is(manifests.length, 4);
  for (const [i, platform] of platforms.entries()) {
    const [image, attestation] = [manifests[i], manifests[2 + i]];
    t.like(image.platform, { os: 'linux', architecture: platform.architecture });
    t.is(attestation.annotations['vnd.docker.reference.digest'], image.digest);
    t.deepEqual(attestation.platform, { architecture: 'unknown', os: 'unknown' });
    const { layers } = json(attestation.digest);
    const { subject, predicate } = json(layers[1].digest);
    t.deepEqual(subject, [
      { name: `pkg:docker/x.example/app@1?platform=linux%2F${platform.architecture}`, digest: sha256(image.digest) },
    ]);
    const text = `${registry.host}`.replace(':', '%3A');
    const materials: { uri: string; digest: object }[] = predicate.buildDefinition.resolvedDependencies;
    const found = new Map(materials.map(({ uri, digest }) => [uri.replace(text, registry.host), digest]));
    const of = (part: string) => [...found].find(([uri]) => uri.includes(part))?.[1];
    t.deepEqual(of('/base'), sha256(bases[i]!.manifest.descriptor.digest));
    t.deepEqual(of('/from'), sha256(from.manifest.descriptor.digest));
    t.deepEqual(of(`${git.url}/main.git`), { sha1: main });
    t.deepEqual(of(`${git.url}/added.git#main`), { sha1: added });
    t.deepEqual(of(`${git.url}/named.git`), { sha1: named });
    t.deepEqual(of(`${files.url}/a`), sha256(digestOf('fetched')));
    t.deepEqual(of(`${files.url}/b`), sha256(digestOf('checked')));
    t.is(found.size, 7, [...found.keys()].join(' '));
    t.deepEqual(predicate.buildDefinition.externalParameters.configSource.digest, sha256(digestOf(dockerfile)));
    const all = JSON.stringify(predicate);
    t.false(/a secret value|hunter22/.test(all));
    t.is(predicate.buildDefinition.externalParameters.request.args['build-arg:WORD'], 'say [hidden] twice');
    const [source] = predicate.runDetails.metadata.varve_metadata.source.infos;
    t.regex(Buffer.from(source.data, 'base64').toString(), /the registry has \[hidden\]/);
  }

  const open = () =>
    createStoreServices({
      store: join(bench.path, 'store'),
      host: { arch: process.arch },
      log: silentLog,
      clock: systemClock,
      signal: new AbortController().signal,
    });
  const attested = manifests.flatMap(({ digest }: { digest: string }, i: number) =>
    i < 2
      ? []
      : [digest, json(digest).config.digest, ...json(digest).layers.map((each: { digest: string }) => each.digest)],
  );
  const hexes = [top.digest, ...attested].map((digest) => digestHex(digest as Digest));
  await using services = await open();
  const removed = async (all: boolean) => {
    const report = await pruneStore(services, { all, ...(all ? {} : { maxBytes: 0 }) }, { dryRun: false });
    const names = new Set(report.removed.map(({ object }) => object.name));
    return hexes.filter((hex) => names.has(hex)).length;
  };
  t.is(await removed(false), 0, 'the name keeps them');
  t.deepEqual((await verifyStore(services, { repair: false })).damages, []);
  t.is(await removed(true), hexes.length, 'they go with the image');
});
