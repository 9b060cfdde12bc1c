import type { RootTree } from '../../snapshot/tree.ts';
import type { LayerRef } from '../images/layer-ref.ts';

/** A filesystem as a stack of layers, lowest first. Its tree is asked of LayerFiles when somebody needs it. */
export interface Snapshot {
  readonly layers: readonly LayerRef[];
}

/** What one step gave. */
export interface StepResult {
  readonly layer: LayerRef;
  readonly tree: RootTree;
}
