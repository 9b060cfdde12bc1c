import { basename, relative } from 'node:path';
import { type GitIndexUse, openDirectoryContext } from '../context/directory-context.ts';
import { formatWarning } from '../dockerfile/linter.ts';
import { createContexts } from './contexts.ts';
import { createStepMounts } from './create-step-mounts.ts';
import { createDispatcher, type DispatchedStage } from './dispatch-stage.ts';
import { ignoresOf, loadIgnores } from './ignore-rules.ts';
import { type Image, keepImage, makeImage } from './image.ts';
import { makeImageConfig } from './image-config.ts';
import { createImages } from './images.ts';
import { createLocalImages } from './local-images.ts';
import type { Plan } from './plan.ts';
import { type PlanRequest, planRequest } from './plan-request.ts';
import type { SecretValue } from './secrets.ts';
import type { Services } from './services.ts';
import { createSlots } from './slots.ts';
import { createStageBuilder } from './stage-builder.ts';
import { createStepGraph } from './step-graph.ts';
import { createStepInputs } from './step-inputs.ts';
import { createTransfers } from './transfers.ts';
import { unusedArgs } from './unused-args.ts';

/** What to build. */
export interface BuildRequest extends PlanRequest {
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
}

/**
 * Builds one image into the store: parse, plan, keys, then for each step of the stages that the target needs a hit or
 * the work. When it settles no step runs any more.
 * @throws VarveError with the Dockerfile's line
 */
export async function build(request: BuildRequest, outer: Services): Promise<Image> {
  const stop = new AbortController();
  const services: Services = { ...outer, signal: AbortSignal.any([outer.signal, stop.signal]) };
  const { plan, linter } = planRequest(request, services.platform, (found) => services.log.warn(formatWarning(found)));
  const contexts = openContexts(request, services);
  const images = createImages({ ...services, local: createLocalImages(services.store) });
  const transfers = createTransfers({ ...services, contexts, warn: (text) => services.log.warn(text) });
  const graph = createStepGraph(
    createDispatcher(plan, images.resolve, {
      report: linter.report,
      ignores: await loadIgnores(request.context, request.dockerfile.path),
    }),
    createStepInputs({ contexts, images, transfers, trees: services.trees }),
    services.compression,
  );
  const mounts = createStepMounts({ secrets: request.secrets, ssh: request.ssh ?? new Map() }, services);
  const stages = createStageBuilder({
    services,
    graph,
    images,
    contexts,
    transfers,
    mounts,
    slots: createSlots(slotOwner(request), services),
    useCache: request.useCache,
  });
  try {
    warnUnused(plan, services);
    const target = await graph.stage(plan.target.index);
    linter.requireClean();
    const layers = await stages.layers(target);
    const config = makeImageConfig(
      { state: target.dispatched.state, base: baseOf(target.dispatched), layers },
      new Date(services.clock.now()).toISOString(),
    );
    const image = makeImage(config, layers);
    await keepImage(services.store, image);
    return image;
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    await stages.idle();
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

/** The image at the bottom of a chain of stages. */
function baseOf({ base }: DispatchedStage) {
  if (base.kind === 'stage') return baseOf(base.stage);
  return base.kind === 'image' ? base.image : undefined;
}

function warnUnused(plan: Plan, { log }: Services): void {
  const names = unusedArgs(plan);
  if (names.length) log.warn(`one or more build-args were not consumed: ${names.join(', ')}`);
}
