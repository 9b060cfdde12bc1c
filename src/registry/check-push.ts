import type { RepositoryName } from './registry-client.ts';
import { pushScope } from './scope.ts';
import type { Transport } from './transport.ts';
import { startUpload, type UploadTarget } from './upload-session.ts';

/**
 * Opens an upload, which nobody may who may not push, and cancels it. That a registry cannot cancel is no failure: it
 * cleans up what is left open.
 * @throws VarveError `REGISTRY_*`
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
export async function checkPush(transport: Transport, repository: RepositoryName, signal?: AbortSignal): Promise<void> {
  const what = `permission to push to ${repository.registry}/${repository.repository}`;
  const target: Pick<UploadTarget, 'transport' | 'repository' | 'what' | 'signal'> = {
    transport,
    repository,
    what,
    signal,
  };
  const { url } = await startUpload(target);
  try {
    const response = await transport.send({
      repository,
      scopes: [pushScope(repository)],
      method: 'DELETE',
      target: url,
      expect: [200, 202, 204, 404, 405],
      retry: false,
      what,
      signal,
    });
    await response.body.dump();
  } catch {
    signal?.throwIfAborted();
  }
}
