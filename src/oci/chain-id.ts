import { type Digest, digestOf } from './digest.ts';

/**
 * The name of a stack of layers, lowest first; undefined for no layers.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-chainid
 */
export function chainId(diffIds: readonly Digest[]): Digest | undefined {
  let chain: Digest | undefined;
  for (const diffId of diffIds) chain = chain ? digestOf(`${chain} ${diffId}`) : diffId;
  return chain;
}
