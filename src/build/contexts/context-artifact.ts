import { Readable } from 'node:stream';
import { VarveError } from '../../errors.ts';
import { type BytePath, fromText, joinBytes } from '../../io/byte-path.ts';
import { assembleLayer } from '../../layer/assemble-layer.ts';
import { digestOf } from '../../oci/digest.ts';
import { formatReference, type Reference } from '../../oci/reference.ts';
import {
  CONTEXT_TYPE,
  contextTag,
  DOCKERFILE_TYPE,
  findArtifactFile,
  promisedContent,
  pushArtifact,
} from '../../registry/file-artifact.ts';
import type { RepositoryName } from '../../registry/registry-client.ts';
import { diffTrees } from '../../snapshot/diff-trees.ts';
import { editTree } from '../../snapshot/edit-tree.ts';
import type { Entry } from '../../snapshot/entry.ts';
import type { FileSource } from '../../snapshot/file-source.ts';
import { canonicalLinks } from '../../snapshot/hardlink-id.ts';
import type { RootTree } from '../../snapshot/tree.ts';
import type { Services } from '../services.ts';
import type { Contexts } from './contexts.ts';

/**
 * Makes a context be in a repository, as an OCI artifact whose tag is the digest of its files without their times: one that is
 * there is not sent again. What an ignore file hides is left out.
 * @throws VarveError `REGISTRY_*`, `CONTENT_CHANGED` when a file changes meanwhile
 */
export async function sendContext(
  contexts: Pick<Contexts, 'main'>,
  repository: RepositoryName,
  services: Services,
): Promise<Reference> {
  const { registry, trees, store, frames, compression, signal } = services;
  const { source } = await contexts.main();
  const tree = await contextTree(trees, source);
  const reference = named(repository, contextTag(tree.content));
  if (await registry.headManifest(reference, signal)) return reference;
  const layer = await assembleLayer(await diffTrees(trees, undefined, tree), {
    ...compression,
    blobs: store.blobs,
    cache: frames,
    signal,
    content: (path, entry) => source.content(path, entry),
  });
  const open = () => store.blobs.open(layer.descriptor.digest);
  await pushArtifact(registry, reference, { type: CONTEXT_TYPE, file: layer.descriptor, open }, signal);
  return reference;
}

/** The same with a Dockerfile. @param title what it is called in messages */
export async function sendDockerfile(
  { path: title, bytes }: { readonly path: string; readonly bytes: Uint8Array },
  repository: RepositoryName,
  { registry, signal }: Pick<Services, 'registry' | 'signal'>,
): Promise<Reference> {
  const content = Buffer.from(bytes);
  const file = { mediaType: 'text/x-dockerfile', digest: digestOf(content), size: content.length };
  const name = digestOf(JSON.stringify([title, file.digest])).slice('sha256:'.length);
  const reference = named(repository, `dockerfile-${name}`);
  if (await registry.headManifest(reference, signal)) return reference;
  await pushArtifact(
    registry,
    reference,
    { type: DOCKERFILE_TYPE, file, title, open: () => Readable.from([Buffer.from(content)], { objectMode: false }) },
    signal,
  );
  return reference;
}

/**
 * The files of such a context. Where the tag names what they come to, that is held against them.
 * @param unpack reads a tar, plain or compressed
 * @throws VarveError `ARTIFACT_INVALID`, `REGISTRY_*`
 */
export async function openArtifact(
  reference: Reference,
  unpack: (name: string, open: () => AsyncIterable<Uint8Array>) => Promise<FileSource>,
  { registry, trees, signal }: Services,
): Promise<FileSource> {
  const name = `oci-artifact://${formatReference(reference)}`;
  const source = await unpack(name, async function* () {
    const { descriptor } = await findArtifactFile(registry, reference, signal);
    yield* (await registry.blob(reference, descriptor, signal)) as AsyncIterable<Buffer>;
  });
  const promised = promisedContent(reference);
  if (promised === undefined || (await contextTree(trees, source)).content === promised) return source;
  throw new VarveError('ARTIFACT_INVALID', `${name}: its files are not those that its tag names`, {
    hint: 'somebody wrote another artifact under this tag: delete it, and send the context again',
  });
}

/** All files of a context below a root that is always the same: a tar says nothing of that. */
async function contextTree(trees: Services['trees'], source: FileSource): Promise<RootTree> {
  const items: { readonly path: BytePath; readonly entry: Entry }[] = [];
  const add = async (directory: BytePath): Promise<void> => {
    const children = (await source.list(directory)).map(({ name, entry }) => ({
      path: joinBytes(directory, name),
      entry,
    }));
    const entries = await source.complete(children);
    items.push(...children.map(({ path }, i) => ({ path, entry: entries[i]! })));
    for (const { path, entry } of children) if (entry.type === 'dir') await add(path);
  };
  await add(fromText(''));
  const edit = editTree(trees, undefined);
  for (const { path, entry } of canonicalLinks(items, 'context')) await edit.put(path, entry);
  return edit.commit();
}

function named({ registry, repository }: RepositoryName, tag: string): Reference {
  return { registry, repository, tag };
}
