import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import * as z from 'zod';
import { startRegistry } from '../support/registry.ts';
import { cliBench } from './support/cli-bench.ts';

const DOCKERFILE = [
  'FROM scratch AS base',
  'COPY status /var/lib/dpkg/status',
  'FROM base',
  'ARG API_TOKEN',
  'ARG MODE',
  'COPY package.json /app/node_modules/x/package.json',
].join('\n');
const FILES = {
  Dockerfile: DOCKERFILE,
  status: 'Package: tzdata\nStatus: install ok installed\nVersion: 1:2024a\nArchitecture: all\n',
  'package.json': '{"name":"x","version":"1.0.0","license":"MIT"}',
};
const ARGS = ['--build-arg', 'API_TOKEN=hunter22', '--build-arg', 'MODE=fast', '--label', 'a=b'];

/** What SPDX 2.3's schema requires of what varve writes. @see https://github.com/spdx/spdx-spec/blob/v2.3/schemas/spdx-schema.json */
const id = z.string().regex(/^SPDXRef-[A-Za-z0-9.-]+$/);
const spdxSchema = z.strictObject({
  spdxVersion: z.literal('SPDX-2.3'),
  dataLicense: z.literal('CC0-1.0'),
  SPDXID: z.literal('SPDXRef-DOCUMENT'),
  name: z.string(),
  documentNamespace: z.url(),
  creationInfo: z.strictObject({
    created: z.iso.datetime({ precision: 0 }),
    creators: z.array(z.string().regex(/^(Tool|Person|Organization): /)),
  }),
  packages: z.array(
    z.strictObject({
      name: z.string(),
      SPDXID: id,
      versionInfo: z.string().optional(),
      supplier: z
        .string()
        .regex(/^(NOASSERTION|(Person|Organization): .+)$/)
        .optional(),
      downloadLocation: z.literal('NOASSERTION'),
      filesAnalyzed: z.literal(false),
      homepage: z.url().optional(),
      sourceInfo: z.string().optional(),
      licenseConcluded: z.string(),
      licenseDeclared: z.string(),
      copyrightText: z.string(),
      primaryPackagePurpose: z.literal('CONTAINER').optional(),
      externalRefs: z
        .array(
          z.strictObject({
            referenceCategory: z.literal('PACKAGE-MANAGER'),
            referenceType: z.literal('purl'),
            referenceLocator: z.string().regex(/^pkg:/),
          }),
        )
        .optional(),
    }),
  ),
  hasExtractedLicensingInfos: z
    .array(z.strictObject({ licenseId: z.string().regex(/^LicenseRef-/), extractedText: z.string(), name: z.string() }))
    .optional(),
  relationships: z.array(
    z.strictObject({ spdxElementId: id, relationshipType: z.enum(['DESCRIBES', 'CONTAINS']), relatedSpdxElement: id }),
  ),
});

const blobOf = (layout: string, digest: string): Buffer =>
  readFileSync(join(layout, 'blobs/sha256', digest.slice('sha256:'.length)));
const jsonOf = (layout: string, digest: string) => JSON.parse(blobOf(layout, digest).toString('utf8'));

test.serial('--provenance and --sbom in an index: the same digest twice, no secret, skopeo copies it', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  const context = bench.directory('context', FILES);
  const digests: string[] = [];
  const layouts = ['a', 'b'].map((name) => join(bench.path, name));
  for (const layout of layouts) {
    const { code, stderr } = await bench.here(
      'build',
      ...['--store', `${layout}-store`, '--reproducible', '-t', 'x.example/app:1', ...ARGS],
      ...['--provenance', 'true', '--sbom=true', '-o', `type=oci,dest=${layout}`, context],
    );
    t.is(code, 0, stderr);
    digests.push(JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests[0].digest);
  }
  t.is(digests[1], digests[0]);
  const [layout] = layouts as [string];
  const index = jsonOf(layout, digests[0]!);
  t.is(index.mediaType, 'application/vnd.oci.image.index.v1+json');
  const [image, attestation] = index.manifests;
  t.deepEqual(attestation.platform, { architecture: 'unknown', os: 'unknown' });
  t.deepEqual(attestation.annotations, {
    'vnd.docker.reference.digest': image.digest,
    'vnd.docker.reference.type': 'attestation-manifest',
  });
  const { layers } = jsonOf(layout, attestation.digest);
  t.deepEqual(
    layers.map((layer: { annotations: Record<string, string> }) => layer.annotations['in-toto.io/predicate-type']),
    ['https://spdx.dev/Document', 'https://slsa.dev/provenance/v1'],
  );
  const [sbom, provenance] = layers.map(({ digest }: { digest: string }) => jsonOf(layout, digest));
  for (const { subject } of [sbom, provenance]) {
    t.deepEqual(subject, [{ name: subject[0].name, digest: { sha256: image.digest.slice('sha256:'.length) } }]);
    t.regex(subject[0].name, /^pkg:docker\/x\.example\/app@1\?platform=linux%2F/);
  }
  const document = spdxSchema.parse(sbom.predicate);
  t.deepEqual(
    document.packages.flatMap(({ externalRefs }) => externalRefs?.map((each) => each.referenceLocator) ?? []),
    ['pkg:deb/debian/tzdata@1:2024a?arch=all', 'pkg:npm/x@1.0.0'],
  );
  t.is(document.creationInfo.created, '1970-01-01T00:00:00Z');

  const { buildDefinition, runDetails } = provenance.predicate;
  t.like(buildDefinition.externalParameters, {
    configSource: { path: 'Dockerfile' },
    request: {
      args: { 'build-arg:API_TOKEN': '[hidden]', 'build-arg:MODE': 'fast', 'label:a': 'b' },
      locals: [{ name: 'context' }],
    },
  });
  t.is(runDetails.metadata.finishedOn, '1970-01-01T00:00:00Z');
  t.is(buildDefinition.internalParameters.buildConfig.steps.length, 2);
  t.false(JSON.stringify(provenance).includes('hunter22'));
  const [info] = runDetails.metadata.varve_metadata.source.infos;
  t.is(Buffer.from(info.data, 'base64').toString(), DOCKERFILE);

  const copied = join(bench.path, 'copied');
  execFileSync('skopeo', ['copy', '--all', `oci:${layout}:x.example/app:1`, `oci:${copied}:1`], { stdio: 'ignore' });
  t.is(JSON.parse(readFileSync(join(copied, 'index.json'), 'utf8')).manifests[0].digest, digests[0]);
  const valid = await bench.here('validate', `oci:${layout}:x.example/app:1`);
  t.is(valid.code, 0, valid.stderr);
});

test.serial(
  '--attest-form referrers: a registry without the referrers API lists them under the tag of the subject',
  async (t) => {
    t.timeout(600_000);
    const registry = await startRegistry();
    await using running = registry;
    const bench = cliBench(t);
    const context = bench.directory('context', FILES);
    const file = join(bench.path, 'digest');
    const layout = join(bench.path, 'layout');
    const name = `${running.host}/app:1`;
    const { code, stderr } = await bench.here(
      'build',
      ...['--push', '-t', name, '-o', `type=oci,dest=${layout}`, '--digest-file', file, '--attest-form=referrers'],
      ...['--attest', 'type=provenance,mode=min,builder-id=urn:me', ...ARGS, context],
    );
    t.is(code, 0, stderr);
    const digest = readFileSync(file, 'utf8');
    const get = async (reference: string): Promise<ReturnType<typeof JSON.parse>> =>
      (
        await fetch(`http://${running.host}/v2/app/manifests/${reference}`, {
          headers: { accept: 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json' },
        })
      ).json();
    t.is((await get(digest)).layers.length, 2, 'the image is no index');
    const { manifests } = await get(`sha256-${digest.slice('sha256:'.length)}`);
    t.is(manifests.length, 1);
    const attestation = await get(manifests[0].digest);
    t.is(attestation.subject.digest, digest);
    t.is(attestation.artifactType, manifests[0].artifactType);
    const { predicate } = jsonOf(layout, attestation.layers[0].digest);
    t.is(predicate.runDetails.builder.id, 'urn:me');
    t.deepEqual(Object.keys(predicate.buildDefinition.externalParameters.request.args), ['platform']);
    t.is(predicate.buildDefinition.internalParameters.buildConfig, undefined);
    // The layout lists both, and one image is what it holds.
    const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
    t.deepEqual(
      index.manifests.map((each: { digest: string }) => each.digest),
      [digest, manifests[0].digest],
    );
    const seen = await bench.here('inspect', `oci:${layout}`);
    t.is(seen.code, 0, seen.stderr);

    // The image's two documents; the attestation's manifest, its config and its statement.
    for (const whole of [`oci:${layout}`, name])
      t.regex((await bench.here('validate', whole)).stdout, /^5 documents and 2 layers /, whole);
    const statement = join(layout, 'blobs/sha256', attestation.layers[0].digest.slice('sha256:'.length));
    const bytes = readFileSync(statement);
    writeFileSync(statement, Buffer.from(bytes).fill(0x20, bytes.length - 2));
    const damaged = await bench.here('validate', '--format', 'json', `oci:${layout}`);
    t.is(damaged.code, 1);
    t.like(JSON.parse(damaged.stdout), { problems: [{ where: attestation.layers[0].digest, code: 'BLOB_MISMATCH' }] });
    writeFileSync(statement, bytes);

    const copied = join(bench.path, 'copied');
    for (const args of [
      ['copy', '--referrers', name, `oci:${copied}:1`],
      ['push', '--referrers', `oci:${copied}:1`, `${running.host}/again:1`],
      ['copy', `oci:${copied}:1`, `${running.host}/alone:1`],
    ]) {
      const { code: ended, stdout, stderr: said } = await bench.here(...args);
      t.is(ended, 0, said);
      t.is(stdout, `${digest}\n`);
    }
    const listed = async (repository: string): Promise<number> => {
      const tag = `sha256-${digest.slice('sha256:'.length)}`;
      const headers = { accept: 'application/vnd.oci.image.index.v1+json' };
      return (await fetch(`http://${running.host}/v2/${repository}/manifests/${tag}`, { headers })).status;
    };
    t.deepEqual([await listed('again'), await listed('alone')], [200, 404]);
    const kept = await bench.here('copy', '--referrers', name, 'store:kept:1');
    t.is(kept.code, 2);
    t.regex(kept.stderr, /--referrers: the store holds no referrers/);
  },
);

test.serial('a directory and a tar have the statements as files; what cannot hold them is refused', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  const context = bench.directory('context', FILES);
  const root = join(bench.path, 'root');
  const tar = join(bench.path, 'root.tar');
  const { code, stderr } = await bench.here(
    'build',
    ...['--sbom', 'filename=bill.json', '--provenance=mode=max'],
    ...['-o', root, '-o', `type=tar,dest=${tar}`, context],
  );
  t.is(code, 0, stderr);
  const bill = JSON.parse(readFileSync(join(root, 'bill.json'), 'utf8'));
  t.deepEqual(
    bill.subject.map(({ name }: { name: string }) => name),
    ['app/node_modules/x/package.json', 'var/lib/dpkg/status'],
  );
  t.deepEqual(bill, JSON.parse(execFileSync('tar', ['-xOf', tar, 'bill.json'], { encoding: 'utf8' })));
  t.truthy(JSON.parse(readFileSync(join(root, 'provenance.json'), 'utf8')).predicate.runDetails);

  for (const [args, why] of [
    [['--sbom=true', '-o', `type=docker,dest=${tar}`], /type=docker.*holds no attestations/],
    [['--sbom', 'generator=a/b', '-o', root], /runs no generator/],
    [['--provenance', 'mode=all', '-o', root], /mode is min or max/],
    [['--provenance', 'version=v0.2', '-o', root], /version=v0\.2/],
    [['--attest', 'type=other', '-o', root], /the types are provenance and sbom/],
    [['--sbom=true', '--image-format=docker', '-o', `type=oci,dest=${tar}`], /cannot have attestations/],
  ] as const) {
    const refused = await bench.here('build', ...args, context);
    t.is(refused.code, 2, `${args.join(' ')}: ${refused.stderr}`);
    t.regex(refused.stderr, why);
  }
});
