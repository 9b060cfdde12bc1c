import { VarveError } from '../../errors.ts';
import { formatReference, parseReference, type Reference } from '../../oci/reference.ts';
import type { RepositoryName } from '../../registry/registry-client.ts';
import { changesLayers, type ImageForm } from '../images/image-form.ts';
import type { Services } from '../services.ts';
import type { Output } from './output.ts';

type RegistryOutput = Extract<Output, { type: 'registry' }>;

/**
 * Where an output goes: its own names, else those of --tag. By digest no tag is written.
 * @throws VarveError `USAGE` for a tag where it would not be written; `REFERENCE_INVALID`
 */
export function pushDestinations({ names, byDigest }: RegistryOutput, tags: readonly Reference[]): Reference[] {
  const references = names.length ? names.map(parseReference) : [...tags];
  if (!byDigest) return references;
  const isTagged = (name: string): boolean => /:[^/]*$/.test(name.replace(/@.*$/, ''));
  return references.map(({ registry, repository, tag }, i) => {
    const name = names[i];
    if (name === undefined ? tag !== 'latest' : isTagged(name))
      throw new VarveError('USAGE', `push-by-digest=true: ${name ?? formatReference(references[i]!)} has a tag`, {
        hint: 'name the repository only',
        exitCode: 2,
      });
    return { registry, repository };
  });
}

/** Each repository that the outputs push to, once. */
export function pushedRepositories(outputs: readonly Output[], tags: readonly Reference[]): RepositoryName[] {
  const found = new Map<string, RepositoryName>();
  for (const output of outputs) {
    if (output.type !== 'registry') continue;
    for (const { registry, repository } of pushDestinations(output, tags))
      found.set(`${registry}/${repository}`, { registry, repository });
  }
  return [...found.values()];
}

/** The repositories that the image's layers can go to as they are made: none where an output wants them in another form. */
export function earlyPushes(outputs: readonly Output[], tags: readonly Reference[], form: ImageForm): RepositoryName[] {
  const isAsBuilt = outputs.every((output) => !('form' in output) || !output.form) && !changesLayers(form);
  return isAsBuilt ? pushedRepositories(outputs, tags) : [];
}

/** The registries whose output says `registry.insecure=true`. */
export function insecurePushes(outputs: readonly Output[], tags: readonly Reference[]): string[] {
  const insecure = outputs.filter((output) => output.type === 'registry' && output.insecure);
  return [...new Set(pushedRepositories(insecure, tags).map(({ registry }) => registry))];
}

/**
 * Asks all registries at once whether an image may be pushed there, before a build spends an hour on it.
 * @throws VarveError `REGISTRY_*` of the first that says no
 */
export async function checkPushPermissions(
  repositories: readonly RepositoryName[],
  { registry, signal }: Pick<Services, 'registry' | 'signal'>,
): Promise<void> {
  try {
    await Promise.all(repositories.map((repository) => registry.checkPush(repository, signal)));
  } catch (error) {
    if (!(error instanceof VarveError)) throw error;
    throw new VarveError(error.code, error.message, {
      cause: error,
      hint: `${error.hint ? `${error.hint}; ` : ''}--skip-push-permission-check builds without asking`,
    });
  }
}
