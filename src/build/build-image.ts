import type { VarveError } from '../errors.ts';
import { type BuildRequest, build } from './build.ts';
import type { BuildResult } from './images/build-result.ts';
import { lostLayerOf } from './images/lost-layer.ts';
import { saveMounts } from './mounts/saved/save-mounts.ts';
import type { Services } from './services.ts';

/**
 * Builds images and hands them on. When a layer that a record promised cannot be had, neither by a step nor on the way
 * out, its step is done again; then what is left of the cache's uploads is waited for.
 * @param deliver sends the result to where it is wanted; may be called again after it failed
 * @throws as {@link build} and `deliver`
 */
export async function buildImage(
  request: BuildRequest,
  services: Services,
  deliver: (result: BuildResult) => Promise<void>,
): Promise<BuildResult> {
  try {
    for (;;) {
      try {
        const result = await build(request, services);
        await deliver(result);
        // Builds that are one graph save theirs at its end, when nothing of it uses them.
        if (!request.joint) await saveMounts([services]);
        return result;
      } catch (error) {
        const layer = lostLayerOf(error);
        if (layer === undefined || services.lost.has(layer)) throw error;
        services.lost.set(layer, 'lost');
        services.log.warn(`${(error as VarveError).message}; its step is done again`);
      }
    }
  } finally {
    await services.remote?.uploads?.finish();
  }
}
