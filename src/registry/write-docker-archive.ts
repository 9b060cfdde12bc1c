import { VarveError } from '../errors.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import { isForeign } from './content-blobs.ts';
import type { ImageContent } from './image-content.ts';
import { blobName } from './oci-layout.ts';
import { type ArchiveDestination, writeTar } from './tar-output.ts';
import { layoutMembers } from './write-oci-archive.ts';

/**
 * Writes an image for `docker load`: an OCI layout that has Docker's manifest.json as well, as `docker save` writes it
 * since version 25 and BuildKit always has. Layers stay compressed, so that the image keeps its digests and no layer is
 * read twice; `docker load` and `skopeo copy docker-archive:` unpack them (zstd from Docker 23).
 * @param tags each with a tag; with none the image is loaded without a name
 * @throws VarveError `REFERENCE_INVALID` for a reference without a tag, `OUTPUT_FOREIGN_LAYER`, `BLOB_MISMATCH`
 * @see https://github.com/moby/docker-image-spec/blob/v1.3.1/v1.2.md#combined-image-json--filesystem-changeset-format
 */
export async function writeDockerArchive(
  dest: ArchiveDestination,
  image: ImageContent,
  tags: readonly Reference[],
): Promise<void> {
  const foreign = image.layers.find(isForeign);
  if (foreign) {
    throw new VarveError(
      'OUTPUT_FOREIGN_LAYER',
      `layer ${foreign.digest} lives at ${foreign.urls?.[0]} only, and a docker archive must hold every layer`,
    );
  }
  const names = tags.map((reference) => {
    const { registry, repository, tag } = reference;
    if (tag === undefined) {
      throw new VarveError(
        'REFERENCE_INVALID',
        `${formatReference(reference)} has no tag, which a docker archive needs`,
      );
    }
    return formatReference({ registry, repository, tag });
  });
  const entry = {
    Config: blobName(image.config.descriptor.digest),
    RepoTags: names.length ? [...new Set(names)] : null,
    Layers: image.layers.map(({ digest }) => blobName(digest)),
  };
  const members = layoutMembers(image, names.map(refName));
  await writeTar(dest, [...members, { name: 'manifest.json', bytes: Buffer.from(JSON.stringify([entry])) }]);
}

/** A layout's names may not have all characters of a reference (IPv6 hosts): those images go by their tag there. */
function refName(name: string): string {
  return name.replaceAll(/[[\]]/g, '').replace(/^:+/, '');
}
