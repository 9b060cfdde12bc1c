import * as z from 'zod';
import { VarveError } from '../errors.ts';
import { descriptorSchema } from './descriptor.ts';
import { DOCKER_LIST, DOCKER_MANIFEST, DOCKER_SCHEMA1, OCI_INDEX, OCI_MANIFEST } from './media-types.ts';
import { parseJson } from './parse-json.ts';

/** Largest manifest that is read: 4 MiB, the least that registries must take. @see distribution-spec "Pushing Manifests" */
export const MANIFEST_LIMIT_BYTES = 4 * 1024 * 1024;

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md */
export const manifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.enum([OCI_MANIFEST, DOCKER_MANIFEST]).optional(),
  artifactType: z.string().optional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema),
  annotations: z.record(z.string(), z.string()).optional(),
  subject: descriptorSchema.optional(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md */
export const indexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.enum([OCI_INDEX, DOCKER_LIST]).optional(),
  manifests: z.array(descriptorSchema),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type ImageIndex = z.infer<typeof indexSchema>;

export type ManifestDocument =
  | { readonly kind: 'manifest'; readonly mediaType: string; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly mediaType: string; readonly index: ImageIndex };

/**
 * Reads a manifest or index whose digest the caller has checked. The document's own `mediaType` must agree with the
 * one it came under; a document with both `layers` and `manifests` is refused (CVE-2021-41190).
 * @throws VarveError `MANIFEST_INVALID`, `MANIFEST_SCHEMA1`
 */
export function parseManifestDocument(bytes: Uint8Array, mediaType: string | undefined): ManifestDocument {
  if (mediaType && (DOCKER_SCHEMA1 as readonly string[]).includes(mediaType)) throw schema1();
  const json = documentOf(bytes);
  if (json.schemaVersion === 1) throw schema1();
  const own = typeof json.mediaType === 'string' ? json.mediaType : undefined;
  const type = own ?? mediaType ?? ('manifests' in json ? OCI_INDEX : OCI_MANIFEST);
  const isIndex = 'manifests' in json;
  if (isIndex && ('layers' in json || 'config' in json)) throw invalid('it is both an index and a manifest');
  if (own && mediaType && own !== mediaType && mediaType.startsWith('application/vnd.')) {
    throw invalid(`it was sent as ${mediaType} but calls itself ${own}`);
  }
  if (isIndex) {
    const index = indexSchema.safeParse(json);
    if (!index.success) throw invalid(z.prettifyError(index.error));
    return { kind: 'index', mediaType: type, index: index.data };
  }
  const manifest = manifestSchema.safeParse(json);
  if (!manifest.success) throw invalid(z.prettifyError(manifest.error));
  return { kind: 'manifest', mediaType: type, manifest: manifest.data };
}

function documentOf(bytes: Uint8Array): Record<string, unknown> {
  try {
    const json = parseJson(bytes);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  } catch (error) {
    throw invalid(`it is not JSON: ${(error as Error).message}`);
  }
  throw invalid('it is not a JSON object');
}

function invalid(why: string): VarveError {
  return new VarveError('MANIFEST_INVALID', `the manifest cannot be used: ${why}`);
}

function schema1(): VarveError {
  return new VarveError('MANIFEST_SCHEMA1', 'the image has a Docker schema 1 manifest, which varve does not read', {
    hint: 'push the image again with a tool of 2017 or later, which writes schema 2 or OCI manifests',
  });
}
