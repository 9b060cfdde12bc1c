import * as z from 'zod';
import type { RegistryClient, RepositoryName } from './registry-client.ts';
import { readBounded, refusalOf } from './registry-error.ts';
import { pullScope } from './scope.ts';
import type { Transport } from './transport.ts';

/** As many as every registry gives at once: some refuse to be asked for more, and some give fewer. */
const PAGE = 1000;
/** 1000 tags of 128 characters are 131 KB; one that gives all it has may give more. */
const LIMIT_BYTES = 8 * 1024 * 1024;

const answerSchema = z.looseObject({ tags: z.array(z.string()).nullish() });

/**
 * The first page of a repository's tags.
 * @returns isWhole false when there are more; a repository that is not there has none
 * @throws VarveError `REGISTRY_*`; Error for an answer that is none
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export async function listTags(
  transport: Transport,
  repository: RepositoryName,
  signal?: AbortSignal,
): ReturnType<RegistryClient['tags']> {
  try {
    const response = await transport.send({
      repository,
      scopes: [pullScope(repository)],
      method: 'GET',
      target: `/v2/${repository.repository}/tags/list?n=${PAGE}`,
      expect: [200],
      retry: true,
      what: `tags of ${repository.registry}/${repository.repository}`,
      signal,
    });
    const { text } = await readBounded(response.body, LIMIT_BYTES);
    const { tags } = answerSchema.parse(JSON.parse(text));
    return { names: tags ?? [], isWhole: response.headers.link === undefined };
  } catch (error) {
    if (refusalOf(error)?.specCodes.includes('NAME_UNKNOWN')) return { names: [], isWhole: true };
    throw error;
  }
}
