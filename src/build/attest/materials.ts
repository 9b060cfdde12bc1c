import type { Material } from '../../attest/provenance.ts';
import { referenceUrl } from '../../attest/statement.ts';
import type { ContextSource } from '../../context/context-source.ts';
import { type GitReference, gitAddress, shownAddress } from '../../context/git-reference.ts';
import type { GitSources } from '../../context/git-source.ts';
import type { UrlFiles } from '../../context/url-files.ts';
import { classifyAddSources } from '../../instructions/add-source.ts';
import { parseChecksum } from '../../instructions/add-url.ts';
import type { TransferStep } from '../../instructions/step.ts';
import { redactUrl } from '../../io/redact.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import { parseReference } from '../../oci/reference.ts';
import type { NamedContext } from '../contexts/named-context.ts';
import type { KeyedStage } from '../steps/step-graph.ts';

/** What of a build knows where files came from; each answers from memory what the build has asked already. */
export interface MaterialSources {
  readonly git: GitSources;
  readonly urls: UrlFiles;
}

const SHA1_DIGITS = 40;

/** Base images, images and named contexts that are read from, and what ADD fetched. */
export async function stageMaterials(
  { namedContexts }: { readonly namedContexts: ReadonlyMap<string, NamedContext> },
  stages: readonly KeyedStage[],
  sources: MaterialSources,
): Promise<Material[]> {
  const materials: Material[] = [];
  const addImage = (reference: string, digest: Digest, platform: Platform): void =>
    void materials.push({ uri: imageUri(reference, platform), digest: { sha256: digestHex(digest) } });
  for (const { dispatched, steps } of stages) {
    const { base } = dispatched;
    if (base.kind === 'image') addImage(base.image.reference, base.image.manifestDigest, base.image.config);
    for (const { step, sources: read } of steps) {
      for (const { ref, image } of read)
        if (image && ref.kind === 'image') addImage(image.reference, image.manifestDigest, ref.platform);
      if (step.kind === 'add') materials.push(...(await addedMaterials(step, sources)));
      for (const name of namedSources(step)) {
        const context = namedContexts.get(name);
        if (context?.kind === 'git' || context?.kind === 'http') {
          const material = await contextMaterial(context, sources);
          if (material) materials.push(material);
        }
      }
    }
  }
  return materials;
}

/** A context's commit or download; undefined for one of the machine. */
export async function contextMaterial(context: ContextSource, sources: MaterialSources): Promise<Material | undefined> {
  if (context.kind === 'git') return gitMaterial(context.reference, sources);
  if (context.kind === 'http') return urlMaterial(context.url, undefined, sources);
  return undefined;
}

async function addedMaterials(step: TransferStep, sources: MaterialSources): Promise<Material[]> {
  const { checksum, keepGitDir } = step;
  const words = classifyAddSources(step.sources, {
    instruction: 'ADD',
    ...(checksum === undefined ? {} : { checksum }),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
  });
  const found: Material[] = [];
  for (const word of words) {
    if (word.kind === 'git') found.push(await gitMaterial(word.reference, sources));
    if (word.kind === 'url')
      found.push(await urlMaterial(word.url, checksum === undefined ? undefined : parseChecksum(checksum), sources));
  }
  return found;
}

async function gitMaterial(reference: GitReference, { git }: MaterialSources): Promise<Material> {
  const { commit } = await git.resolve(reference);
  const ref = reference.ref === '' ? '' : `#${reference.ref}`;
  return {
    uri: `${shownAddress(gitAddress(reference))}${ref}`,
    digest: { [commit.length === SHA1_DIGITS ? 'sha1' : 'sha256']: commit },
  };
}

/** A checksum says what the file is: it may never have been fetched. */
async function urlMaterial(url: string, checksum: Digest | undefined, { urls }: MaterialSources): Promise<Material> {
  const digest = checksum ?? (await urls.get(url)).digest;
  return { uri: redactUrl(url), digest: { sha256: digestHex(digest) } };
}

function imageUri(reference: string, platform: Platform): string {
  try {
    return referenceUrl(parseReference(reference), {
      os: platform.os,
      architecture: platform.architecture,
      variant: platform.variant,
    });
  } catch {
    // An OCI layout, by the name of its context.
    return `oci-layout:${encodeURIComponent(reference)}`;
  }
}

function namedSources(step: KeyedStage['steps'][number]['step']): string[] {
  if (step.kind === 'workdir') return [];
  const refs =
    step.kind === 'run'
      ? step.mounts.flatMap((mount) => ('from' in mount && mount.from ? [mount.from] : []))
      : [step.from];
  return refs.flatMap((ref) => (ref.kind === 'named' ? [ref.name] : []));
}
