import type { SelectedTarget } from '../../bake/select-targets.ts';
import type { BuildRequest } from '../../build/build.ts';
import type { BuildFlags } from '../build-flags.ts';

/** A target with the flags and the request that build it. */
export interface Prepared {
  readonly name: string;
  readonly target: SelectedTarget;
  readonly flags: BuildFlags;
  readonly request: BuildRequest;
}
