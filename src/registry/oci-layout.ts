import * as z from 'zod';
import { type Descriptor, descriptorSchema } from '../oci/descriptor.ts';
import { type Digest, digestHex } from '../oci/digest.ts';
import { OCI_INDEX } from '../oci/media-types.ts';
import { type ImageContent, type IndexContent, topDocument } from './image-content.ts';

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md */
export const LAYOUT_FILE = Buffer.from('{"imageLayoutVersion":"1.0.0"}');
export const REF_NAME = 'org.opencontainers.image.ref.name';

export const layoutSchema = z.looseObject({ imageLayoutVersion: z.string().regex(/^1\./) });

export const layoutIndexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.literal(OCI_INDEX).optional(),
  manifests: z.array(descriptorSchema),
});
export type LayoutIndex = z.infer<typeof layoutIndexSchema>;

export const emptyLayoutIndex: LayoutIndex = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] };

/** `blobs/sha256/<hex>` */
export function blobName(digest: Digest): string {
  return `blobs/sha256/${digestHex(digest)}`;
}

/** The index with `descriptor` under these names; who had one of them loses it. Without names it is added once. */
export function withImage(index: LayoutIndex, descriptor: Descriptor, refNames: readonly string[]): LayoutIndex {
  const { annotations: _, ...plain } = descriptor;
  const nameOf = (entry: Descriptor): string | undefined => entry.annotations?.[REF_NAME];
  const kept = index.manifests.filter((entry) => {
    const name = nameOf(entry);
    if (name !== undefined) return !refNames.includes(name);
    return entry.digest !== descriptor.digest;
  });
  const names = [...new Set(refNames)];
  const added: Descriptor[] = names.length
    ? names.map((name) => ({ ...plain, annotations: { ...descriptor.annotations, [REF_NAME]: name } }))
    : [descriptor];
  return { ...index, manifests: [...kept, ...added] };
}

/** The same for all of a content: what refers to the image is listed beside it, under its type. */
export function withContent(
  index: LayoutIndex,
  content: ImageContent | IndexContent,
  refNames: readonly string[],
): LayoutIndex {
  const named = withImage(index, topDocument(content).descriptor, refNames);
  return (content.referrers ?? []).reduce((all, { manifest }) => withImage(all, manifest.descriptor, []), named);
}

/** Whether it is an image or an index of images: what only refers to one has a type of its own. */
export function isImageEntry({ artifactType }: Descriptor): boolean {
  return artifactType === undefined;
}

export function encodeIndex(index: LayoutIndex): Buffer {
  return Buffer.from(JSON.stringify(index));
}
