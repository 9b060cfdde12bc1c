import type { Transport } from './transport.ts';

/**
 * Asks for nothing but an answer, with our credentials.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support
 */
export async function ping(transport: Transport, registry: string, signal?: AbortSignal): Promise<void> {
  const response = await transport.send({
    repository: { registry, repository: '' },
    scopes: [],
    method: 'GET',
    target: '/v2/',
    expect: [200],
    retry: true,
    what: `login to ${registry}`,
    signal,
  });
  await response.body.dump();
}
