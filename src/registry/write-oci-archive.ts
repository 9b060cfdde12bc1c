import { contentBlobs } from './content-blobs.ts';
import type { ImageContent, IndexContent } from './image-content.ts';
import { blobName, emptyLayoutIndex, encodeIndex, LAYOUT_FILE, withContent } from './oci-layout.ts';
import { type ArchiveDestination, type ArchiveMember, writeTar } from './tar-output.ts';
import { checkRefName } from './write-oci-layout.ts';

/**
 * Writes an image or index as a tar of an OCI image layout. The same input gives the same bytes.
 * @throws VarveError `BLOB_MISMATCH`, `REFERENCE_INVALID`; then a file at `dest` is as it was
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export async function writeOciArchive(
  dest: ArchiveDestination,
  content: ImageContent | IndexContent,
  refNames: readonly string[],
): Promise<void> {
  for (const name of refNames) checkRefName(name);
  await writeTar(dest, layoutMembers(content, refNames));
}

/** The members of a layout: its two small files first, then the blobs by name. */
export function layoutMembers(content: ImageContent | IndexContent, refNames: readonly string[]): ArchiveMember[] {
  const index = encodeIndex(withContent(emptyLayoutIndex, content, refNames));
  const blobs = contentBlobs(content)
    .map((blob): ArchiveMember => ({ name: blobName(blob.descriptor.digest), blob }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    { name: 'oci-layout', bytes: LAYOUT_FILE },
    { name: 'index.json', bytes: index },
    { name: 'blobs' },
    { name: 'blobs/sha256' },
    ...blobs,
  ];
}
