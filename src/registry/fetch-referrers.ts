import { VarveError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { parseManifestDocument } from '../oci/manifest.ts';
import { connectionError } from './connection-error.ts';
import { listedReferrers, referrersTag } from './push-referrer.ts';
import type { RepositoryName } from './registry-client.ts';
import { readBounded } from './registry-error.ts';
import { pullScope } from './scope.ts';
import type { RegistryResponse, Transport } from './transport.ts';

/** A list of 4 MiB has 10,000 entries; registries give pages of 100 or so. */
const PAGE_LIMIT_BYTES = 4 * 1024 * 1024;
const PAGES_LIMIT = 100;
/** What registries without the API answer. */
const NO_API: readonly number[] = [400, 404, 405];

/**
 * The manifests that have this one as their subject: by the registry's API, page by page, else those that are listed under the
 * subject's tag.
 * @throws VarveError `REGISTRY_*`, `MANIFEST_INVALID`
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export async function fetchReferrers(
  transport: Transport,
  repository: RepositoryName,
  subject: Digest,
  signal?: AbortSignal,
): Promise<readonly Descriptor[]> {
  const what = `referrers of ${subject} in ${repository.registry}/${repository.repository}`;
  const found: Descriptor[] = [];
  let target: string | URL | undefined = `/v2/${repository.repository}/referrers/${subject}`;
  for (let page = 0; target !== undefined; page++) {
    if (page === PAGES_LIMIT) throw new VarveError('REGISTRY_TOO_LARGE', `${what}: more than ${PAGES_LIMIT} pages`);
    const response: RegistryResponse = await transport.send({
      repository,
      scopes: [pullScope(repository)],
      method: 'GET',
      target,
      expect: page === 0 ? [200, ...NO_API] : [200],
      retry: true,
      what,
      signal,
    });
    const { text, broken } = await readBounded(response.body, PAGE_LIMIT_BYTES);
    if (response.status !== 200)
      return listedReferrers(transport, { ...repository, tag: referrersTag(subject) }, signal);
    if (broken !== undefined) throw connectionError(broken, what, repository.registry, signal);
    const document = parseManifestDocument(Buffer.from(text), undefined);
    if (document.kind !== 'index') throw new VarveError('MANIFEST_INVALID', `${what}: the answer is no index`);
    found.push(...document.index.manifests);
    target = nextPage(response);
  }
  return found;
}

/** @see https://datatracker.ietf.org/doc/html/rfc8288 */
function nextPage({ headers, url }: RegistryResponse): URL | undefined {
  const link = /<([^>]*)>\s*;\s*rel="?next"?/i.exec(String(headers.link ?? ''))?.[1];
  return link !== undefined && URL.canParse(link, url.href) ? new URL(link, url) : undefined;
}
