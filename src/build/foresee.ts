import type { BuildRequest } from './build.ts';
import { prepareBuild } from './build.ts';
import { openSources } from './contexts/open-sources.ts';
import type { BuildRecord } from './explain/build-record.ts';
import { keyedMark } from './explain/conceal.ts';
import { type Explanation, explainBuild } from './explain/explain-build.ts';
import { describeBuild } from './explain/record-build.ts';
import { watchSteps } from './explain/step-watch.ts';
import type { PlatformImage } from './images/build-result.ts';
import { secretTexts } from './mounts/secrets.ts';
import { createEarlyPushes } from './output/early-pushes.ts';
import type { Services } from './services.ts';

/** What a build would come to, from the keys alone. */
export interface Foreseen {
  /**
   * `changed`: steps would run. `config`: none would, but the image is another one than the last build's, by its
   * configuration or base. `unchanged`: it is the same image. `new`: none would run, and no earlier build is known.
   */
  readonly status: 'changed' | 'config' | 'unchanged' | 'new';
  /** Steps as explain has them; a `miss` is one that would run. */
  readonly explanation: Explanation;
  /** Absent when steps would run. */
  readonly images?: readonly PlatformImage[];
}

/**
 * Says what a build would do and why. Contexts are scanned and names of base images asked for; no step runs, and neither
 * the image nor a record of the build is kept.
 * @throws as build() does before its first step
 */
export async function foresee(request: BuildRequest, services: Services): Promise<Foreseen> {
  const { clock, history, meter } = services;
  const started = { now: clock.now(), monotonic: clock.monotonic() };
  const { joint } = request;
  await using sources = openSources({ ...request, ...(joint ? { directories: joint.directories } : {}) }, services);
  const pushes = createEarlyPushes([], services);
  const { plans, platforms, owner, outcomes, builds } = await prepareBuild(request, sources, pushes, services);
  const found = await Promise.all(builds.map((each) => each.foresee()));
  const images = found.flatMap((image, i) => (image ? [{ platform: platforms[i]!, image }] : []));
  const isWhole = images.length === builds.length;
  const spentBefore = meter.total();
  const { inputs, taken, record } = describeBuild(
    {
      owner,
      target: plans[0]!.platforms.targetStage,
      buildArgs: request.buildArgs,
      started,
      failed: false,
      stages: await Promise.all(builds.map((each) => each.stages())),
      outcomes,
      watch: watchSteps(() => {}, clock),
      spentBefore,
      result: isWhole ? { images } : undefined,
      secrets: [...(await secretTexts(request.secrets)), ...services.redactor.known()],
    },
    { id: 'foreseen', durationMs: 0, spent: { requests: 0, received: 0, sent: 0 } },
    { mark: keyedMark(await history.key()), meter, known: new Set() },
  );
  const earlier = await history.builds();
  const explanation = await explainBuild(record, earlier, {
    sharedBuilds: history.sharedBuilds,
    inputs: async (key) => inputs.get(key) ?? history.inputs(key),
    taken: async (list) => taken.get(list) ?? history.taken(list),
  });
  if (!isWhole) return { status: 'changed', explanation };
  const last = [...earlier, ...(await history.sharedBuilds(record))].find((each) => isSameBuild(each, record));
  if (!last) return { status: 'new', explanation, images };
  return { status: namesOf(last) === namesOf(record) ? 'unchanged' : 'config', explanation, images };
}

/** Builds that gave an image of the same Dockerfile and target. */
function isSameBuild(then: BuildRecord, { name, dockerfile, target }: BuildRecord): boolean {
  return then.name === name && then.dockerfile === dockerfile && then.target === target && then.images !== undefined;
}

function namesOf({ images = [] }: BuildRecord): string {
  return images.map(({ platform, digest }) => `${platform} ${digest}`).join();
}
