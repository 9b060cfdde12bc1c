import { basename, relative } from 'node:path';
import { type GitIndexUse, openDirectoryContext } from '../context/directory-context.ts';
import { formatWarning } from '../dockerfile/linter.ts';
import { checkAnnotations, indexAnnotations } from './annotations.ts';
import { createPlatformBuild, type ImageRequest } from './build-platform.ts';
import { type BuildResult, keepIndex, makeIndex } from './build-result.ts';
import { createContexts } from './contexts.ts';
import { createStepMounts } from './create-step-mounts.ts';
import { ignoresOf, loadIgnores } from './ignore-rules.ts';
import { createImages } from './images.ts';
import { createLocalImages } from './local-images.ts';
import type { Plan } from './plan.ts';
import { type PlanRequest, planRequest } from './plan-request.ts';
import type { SecretValue } from './secrets.ts';
import type { Services } from './services.ts';
import { createSlots } from './slots.ts';
import { createTransfers } from './transfers.ts';
import { unusedArgs } from './unused-args.ts';

/** What to build. */
export interface BuildRequest extends PlanRequest, ImageRequest {
  /** The context directory. */
  readonly context: string;
  readonly secrets: ReadonlyMap<string, SecretValue>;
  /** By id, for ssh mounts: the path of an agent's socket, or of private keys. */
  readonly ssh?: ReadonlyMap<string, readonly string[]>;
  readonly useCache: boolean;
  /** Names the image's repository, if it has one: the builds of one repository are compared with each other. */
  readonly repository?: string;
  /** Whether git's index spares reading files of context directories; `auto` when absent. */
  readonly gitIndex?: GitIndexUse;
  /** Whether the registry is asked even for images that the store keeps under the name. */
  readonly pull: boolean;
}

/**
 * Builds an image for each platform into the store: parse, plan, keys, then for each step of the stages that the target
 * needs a hit or the work; equal steps of several platforms once. When it settles no step runs any more.
 * @throws VarveError with the Dockerfile's line
 */
export async function build(request: BuildRequest, outer: Services): Promise<BuildResult> {
  const stop = new AbortController();
  const services: Services = { ...outer, signal: AbortSignal.any([outer.signal, stop.signal]) };
  const { plans, platforms, isIndex, linter } = planRequest(request, services.platform, (found) =>
    services.log.warn(formatWarning(found)),
  );
  checkAnnotations(request.annotations, platforms, isIndex);
  const contexts = openContexts(request, services);
  const shared = {
    services,
    contexts,
    images: createImages({ ...services, local: createLocalImages(services.store), pull: request.pull }),
    transfers: createTransfers({ ...services, contexts, warn: (text) => services.log.warn(text) }),
    mounts: createStepMounts({ secrets: request.secrets, ssh: request.ssh ?? new Map() }, services),
    // A time that is given asks for bytes that depend on nothing but the inputs.
    slots: createSlots(slotOwner(request), { ...services, areRead: request.useCache && plans[0]!.epoch === undefined }),
    useCache: request.useCache,
    running: new Map(),
    lint: { report: linter.report, ignores: await loadIgnores(request.context, request.dockerfile.path) },
    requireClean: linter.requireClean,
  };
  const builds = plans.map((plan) => createPlatformBuild(plan, request, shared));
  try {
    warnUnused(plans[0]!, request, services);
    const images = await Promise.all(
      builds.map(async (each, i) => ({ platform: platforms[i]!, image: await each.image() })),
    );
    const result = isIndex ? makeIndex(images, indexAnnotations(request.annotations)) : { images };
    await keepIndex(services.store, result);
    const { epoch } = plans[0]!;
    return epoch === undefined ? result : { ...result, epoch };
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    for (const each of builds) await each.idle();
    await contexts.flush();
  }
}

function slotOwner({ repository, context, dockerfile }: BuildRequest) {
  const path = relative(context, dockerfile.path);
  // One outside of the context counts by its name: where it lies may change with every checkout.
  return { name: repository ?? basename(context), dockerfile: path.startsWith('..') ? basename(path) : path };
}

function openContexts(request: BuildRequest, services: Services) {
  const { store, libc, clock, log, program, progress, signal } = services;
  const shared = { catalog: store.catalog, libc, clock, log, program, signal, gitIndex: request.gitIndex ?? 'auto' };
  return createContexts(async (name) => {
    const named = name === undefined ? undefined : request.namedContexts.get(name);
    const path = named?.kind === 'directory' ? named.path : request.context;
    const ignores = await loadIgnores(path, named ? undefined : request.dockerfile.path);
    const rules = ignores ? { ignores: ignoresOf(ignores) } : {};
    const { source, flush } = await openDirectoryContext({ path, ...shared, ...rules });
    return {
      source,
      async flush() {
        await flush();
        progress({ type: 'context-read', context: name ?? '', ...source.counters, time: clock.now() });
      },
    };
  });
}

function warnUnused(plan: Plan, { noCacheStages }: BuildRequest, { log }: Services): void {
  const names = unusedArgs(plan);
  if (names.length) log.warn(`one or more build-args were not consumed: ${names.join(', ')}`);
  for (const name of noCacheStages) {
    if (!plan.dockerfile.stages.some((stage, i) => name === (stage.name ?? `stage-${i}`)))
      log.warn(`--no-cache-filter ${name}: the Dockerfile has no stage of that name`);
  }
}
