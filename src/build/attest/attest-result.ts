import { Readable } from 'node:stream';
import { attestationManifest } from '../../attest/attestation-manifest.ts';
import { provenance } from '../../attest/provenance.ts';
import { SPDX_PREDICATE, spdxDocument } from '../../attest/spdx-document.ts';
import { imageSubjects, type Predicate, statement } from '../../attest/statement.ts';
import type { Reference } from '../../oci/reference.ts';
import type { ImageContent } from '../../registry/image-content.ts';
import { type BuildResult, keepIndex, makeIndex, type PlatformImage } from '../images/build-result.ts';
import type { Services } from '../services.ts';
import type { AttestOptions } from './attest-options.ts';
import { scanPackages } from './scan-packages.ts';

/** What is said of each image, in the order of the images. */
export type Predicates = readonly (readonly Predicate[])[];

/** What the predicates call the image, and who makes them. */
export interface AttestNames {
  /** Of the bill of materials. */
  readonly image: string;
  /** `NAME-VERSION`. */
  readonly tool: string;
}

/** Makes the predicates of a build: what was built, not how an output converts it. The packages are read from the layers. */
export async function makePredicates(
  result: BuildResult,
  options: AttestOptions,
  names: AttestNames,
  services: Services,
): Promise<Predicates> {
  const all: Predicate[][] = [];
  // One after the other: each may read all layers.
  for (const image of result.images) {
    const own: Predicate[] = [];
    if (options.sbom) own.push({ ...(await bill(image, result, names, services)), fileName: options.sbom.fileName });
    const made = options.provenance;
    if (made && image.facts) {
      const settings = { ...made, builderId: made.builderId ?? `urn:varve:builder:${names.tool}` };
      own.push({ ...provenance(image.facts, settings), fileName: made.fileName });
    }
    all.push(own);
  }
  return all;
}

async function bill(
  { image }: PlatformImage,
  { epoch }: BuildResult,
  { image: name, tool }: AttestNames,
  services: Services,
): Promise<Omit<Predicate, 'fileName'>> {
  const created =
    epoch === undefined ? (image.config.value.created ?? '') : new Date(epoch * MS_PER_SECOND).toISOString();
  const list = await scanPackages(image, services);
  // A base may say anything of its time.
  const time = new Date(Date.parse(created) || 0).toISOString().replace(/\.\d+Z$/, 'Z');
  return { type: SPDX_PREDICATE, value: spdxDocument(list, { name, created: time, tool }) };
}

const MS_PER_SECOND = 1000;

/**
 * Puts the statements of images with what leaves under these names: in an index, which one image then gets too, or as
 * manifests that refer to it.
 */
export async function attestResult(
  result: BuildResult,
  predicates: Predicates,
  names: readonly Reference[],
  form: AttestOptions['form'],
  { store }: Pick<Services, 'store'>,
): Promise<BuildResult> {
  const contents: ImageContent[] = [];
  for (const [i, { image, platform }] of result.images.entries()) {
    const of = predicates[i]!;
    if (of.length === 0) continue;
    const subjects = imageSubjects(names, platform, image.manifest.descriptor.digest);
    const statements = of.map((predicate) => ({ predicate, value: statement(predicate, subjects) }));
    const made = attestationManifest(statements, image.manifest.descriptor, form);
    const blobs = new Map(made.statements.map((each) => [each.descriptor.digest, each.bytes]));
    contents.push({
      manifest: made.manifest,
      config: made.config,
      layers: made.statements.map(({ descriptor }) => descriptor),
      // The chunks are the reader's, who may come again.
      open: (digest) => Readable.from([Buffer.from(blobs.get(digest)!)], { objectMode: false }),
    });
    for (const { bytes, descriptor } of [...made.statements, made.config, made.manifest])
      await store.blobs.put(bytes, descriptor);
  }
  if (form === 'referrers') return { ...result, referrers: contents };
  const { images, annotations, epoch } = result;
  const indexed = makeIndex(
    images,
    annotations,
    contents.map(({ manifest }) => manifest.descriptor),
  );
  await keepIndex(store, indexed);
  return { ...indexed, attestations: contents, ...(epoch === undefined ? {} : { epoch }) };
}
