import { VarveError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { LayerRef } from './layer-ref.ts';

/** The cause of an error that a step's layer, found by its record, could not be had or is not what the record says. */
class LostLayer extends Error {
  override readonly name = 'LostLayer';
  readonly digest: Digest;

  constructor(digest: Digest, cause: unknown) {
    super(`layer ${digest}`, { cause });
    this.digest = digest;
  }
}

/** A failure of reading a layer, marked when doing the step again would help; an abort and a full disk stay as they are. */
export function asLostLayer(error: unknown, layer: LayerRef): unknown {
  const canBeMade = layer.result !== undefined || layer.isConverted;
  if (!canBeMade || !(error instanceof VarveError) || !/^(REGISTRY|BLOB|LAYER)_/.test(error.code)) return error;
  const { digest } = layer.descriptor;
  return new VarveError(error.code, `a cached layer cannot be used: ${error.message}`, {
    cause: new LostLayer(digest, error),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}

/** The digest of the layer that an error is about, wherever in its causes. */
export function lostLayerOf(error: unknown): Digest | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++) {
    if (at instanceof LostLayer) return at.digest;
  }
  return undefined;
}
