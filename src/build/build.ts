import { basename, relative } from 'node:path';
import { type ContextSource, contextName } from '../context/context-source.ts';
import type { GitIndexUse } from '../context/directory-context.ts';
import { formatWarning } from '../dockerfile/linter.ts';
import { VarveError } from '../errors.ts';
import { fromText } from '../io/byte-path.ts';
import type { RepositoryName } from '../registry/registry-client.ts';
import { createPlatformBuild, type ImageRequest } from './build-platform.ts';
import type { StepRecord } from './cache/records.ts';
import { withEpoch } from './contexts/context-epoch.ts';
import { createKnownLines } from './contexts/known-lines.ts';
import { builtOf, contextIgnores, layoutsOf, openSources, type SourcesRequest } from './contexts/open-sources.ts';
import type { SharedDirectories } from './contexts/shared-directories.ts';
import { createTransfers } from './contexts/transfers.ts';
import type { BuildRecord } from './explain/build-record.ts';
import { listTaken } from './explain/list-taken.ts';
import { type EndedBuild, recordBuild } from './explain/record-build.ts';
import { shareBuild } from './explain/share-build.ts';
import { watchSteps } from './explain/step-watch.ts';
import { checkAnnotations, indexAnnotations } from './images/annotations.ts';
import { type BuildResult, keepIndex, makeIndex } from './images/build-result.ts';
import { createImages, type FoundImages } from './images/images.ts';
import { createLocalImages } from './images/local-images.ts';
import { lostLayerOf } from './images/lost-layer.ts';
import { createStepMounts } from './mounts/create-step-mounts.ts';
import { type SecretValue, secretTexts } from './mounts/secrets.ts';
import { createEarlyPushes, type EarlyPushes } from './output/early-pushes.ts';
import { type DockerfileSource, type LoadedDockerfile, loadDockerfile } from './plan/load-dockerfile.ts';
import type { Plan } from './plan/plan.ts';
import { type PlanRequest, planRequest } from './plan/plan-request.ts';
import { unusedArgs } from './plan/unused-args.ts';
import { withSource } from './plan/with-source.ts';
import type { Services } from './services.ts';
import { createSlots } from './steps/slots.ts';
import { createStepOutcomes } from './steps/step-outcomes.ts';

/** What to build. */
export interface BuildRequest
  extends Omit<PlanRequest, 'dockerfile'>,
    ImageRequest,
    Pick<SourcesRequest, 'ignoreFiles' | 'gitSecrets'> {
  readonly dockerfile: DockerfileSource;
  readonly context: ContextSource;
  readonly secrets: ReadonlyMap<string, SecretValue>;
  /** By id, for ssh mounts: the path of an agent's socket, or of private keys. */
  readonly ssh?: ReadonlyMap<string, readonly string[]>;
  readonly useCache: boolean;
  /** Paths in images at and below which nothing that a step changes gets into its layer. */
  readonly ignorePaths?: readonly string[];
  /** Names the image's repository, if it has one: the builds of one repository are compared with each other. */
  readonly repository?: string;
  /** Whether files and directories of contexts have the modes that git keeps. */
  readonly normalizeModes?: boolean;
  /** Whether git's index spares reading files of context directories; `auto` when absent. */
  readonly gitIndex?: GitIndexUse;
  /** Told of what the history has of the build, whether it failed or not; of each try when it begins again. */
  readonly recorded?: (build: BuildRecord) => void;
  /** Whether the result tells how each image was built, for its provenance. */
  readonly withFacts?: boolean;
  /** Repositories that the image will be pushed to as it is built: its layers go there while later steps run. */
  readonly pushTo?: readonly RepositoryName[];
  /** Of builds that are one graph. */
  readonly joint?: JointBuild;
  /** Whether the registry is asked even for images that the store keeps under the name. */
  readonly pull: boolean;
}

/**
 * What builds that run side by side have in common: equal steps run once, a directory is scanned once, and a base image
 * is asked for once.
 */
export interface JointBuild {
  readonly running: Map<string, Promise<StepRecord>>;
  readonly images: FoundImages;
  readonly directories: SharedDirectories;
}

/**
 * Builds an image for each platform into the store: parse, plan, keys, then for each step of the stages that the target
 * needs a hit or the work; equal steps of several platforms once. When it settles no step runs any more.
 * @throws VarveError with the Dockerfile's line
 */
export async function build(request: BuildRequest, services: Services): Promise<BuildResult> {
  try {
    return await buildOnce(request, services);
  } catch (error) {
    const isLoss = error instanceof VarveError && STORE_LOSSES.has(error.code) && lostLayerOf(error) === undefined;
    if (services.signal.aborted || !isLoss) throw error;
    services.log.warn(`the store has lost something, so the build begins again: ${error.message}`);
    services.files.doubt();
    return buildOnce(request, services);
  }
}

/** A catalog or a blob that went away or was found damaged in the middle of a build; the second time it is a miss. */
const STORE_LOSSES: ReadonlySet<string> = new Set(['TREE_MISSING', 'BLOB_MISSING', 'BLOB_CORRUPT']);

async function buildOnce(request: BuildRequest, outer: Services): Promise<BuildResult> {
  const started = { now: outer.clock.now(), monotonic: outer.clock.monotonic() };
  const stop = new AbortController();
  const watch = watchSteps(outer.progress, outer.clock);
  const { progress } = watch;
  // A step of builds that are one graph may be another one's too: what fails stops what needs it, and nothing else.
  const signal = request.joint ? outer.signal : AbortSignal.any([outer.signal, stop.signal]);
  const services: Services = { ...outer, progress, signal };
  const spentBefore = services.meter.total();
  let result: BuildResult | undefined;
  const { joint } = request;
  await using sources = openSources({ ...request, ...(joint ? { directories: joint.directories } : {}) }, services);
  const { contexts, git, urls } = sources;
  const pushes = createEarlyPushes(request.squash ? [] : (request.pushTo ?? []), services);
  const prepared = await prepareBuild(request, sources, pushes, services);
  const { loaded, plans, platforms, isIndex, owner, outcomes, builds } = prepared;
  try {
    warnUnused(plans[0]!, request, services);
    const images = await Promise.all(
      builds.map(async (each, i) => ({
        platform: platforms[i]!,
        image: await each.image(),
        ...(request.withFacts ? { facts: await each.facts(loaded, request, { git, urls }) } : {}),
      })),
    );
    const made = isIndex ? makeIndex(images, indexAnnotations(request.annotations)) : { images };
    await keepIndex(services.store, made);
    await pushes.finish();
    const { epoch } = plans[0]!;
    result = epoch === undefined ? made : { ...made, epoch };
    return result;
  } catch (error) {
    stop.abort(error);
    throw withSource(error, loaded);
  } finally {
    for (const each of builds) await each.idle();
    await pushes.finish();
    await contexts.flush();
    const stages = await Promise.all(builds.map((each) => each.stages()));
    const target = plans[0]!.platforms.targetStage;
    const { buildArgs, secrets } = request;
    const ended = { owner, target, buildArgs, started, failed: stop.signal.aborted, stages, outcomes };
    const seen = {
      watch,
      spentBefore,
      result,
      secrets: [...(await secretTexts(secrets)), ...services.redactor.known()],
    };
    await remember({ ...ended, ...seen }, request, services);
  }
}

/** The builds of all platforms, as far as they are known before anything is done. */
export async function prepareBuild(
  request: BuildRequest,
  sources: ReturnType<typeof openSources>,
  pushes: EarlyPushes,
  services: Services,
) {
  const { contexts, git, urls } = sources;
  const loaded = await loadDockerfile(request.dockerfile, { contexts, urls }, services);
  const planned = await withEpoch({ ...request, dockerfile: loaded }, sources, services);
  const { plans, platforms, isIndex, linter } = planRequest(planned, services.platform, (found) =>
    services.log.warn(formatWarning(found)),
  );
  checkAnnotations(request.annotations, platforms, isIndex);
  const owner = slotOwner(request, loaded);
  const outcomes = createStepOutcomes();
  const { joint } = request;
  const shared = {
    services,
    contexts,
    images: createImages({
      ...services,
      local: createLocalImages(services.store),
      pull: request.pull,
      layouts: layoutsOf(request),
      built: builtOf(request),
      ...(joint ? { found: joint.images } : {}),
      stages: plans[0]!.dockerfile.stages.flatMap(({ name }) => name ?? []),
    }),
    transfers: createTransfers({
      ...services,
      git,
      urls,
      contexts,
      knownLines: createKnownLines(services.store.catalog),
      warn: (text) => services.log.warn(text),
    }),
    mounts: createStepMounts({ secrets: request.secrets, ssh: request.ssh ?? new Map() }, services),
    // A time that is given asks for bytes that depend on nothing but the inputs.
    slots: createSlots(owner, {
      ...services,
      areRead: request.useCache && plans[0]!.epoch === undefined,
    }),
    pushes,
    useCache: request.useCache,
    ignorePaths: (request.ignorePaths ?? []).map((path) => fromText(path.replace(/^(?:\.?\/)+|\/+$/g, ''))).sort(),
    outcomes,
    running: joint?.running ?? new Map(),
    lint: { report: linter.report, ignores: await contextIgnores(request) },
    requireClean: linter.requireClean,
  };
  const builds = plans.map((plan) => createPlatformBuild(plan, request, shared));
  return { loaded, plans, platforms, isIndex, owner, outcomes, builds };
}

/** A history that cannot be kept is no reason for a build to fail. */
async function remember(build: EndedBuild, { recorded }: BuildRequest, services: Services): Promise<void> {
  try {
    await listTaken(build);
    const record = await recordBuild(build, services);
    await shareBuild(build, record, services);
    recorded?.(record);
  } catch (error) {
    services.log.warn(`the build is not kept in the history: ${(error as Error).message}`);
  }
}

function slotOwner({ repository, context, dockerfile: given }: BuildRequest, dockerfile: LoadedDockerfile) {
  const isBeside = given.kind === 'given' && context.kind === 'directory';
  const path = isBeside ? relative(context.path, dockerfile.path) : dockerfile.path;
  // One outside of the context counts by its name: where it lies may change with every checkout.
  return { name: repository ?? contextName(context), dockerfile: path.startsWith('..') ? basename(path) : path };
}

function warnUnused(plan: Plan, { noCacheStages }: BuildRequest, { log }: Services): void {
  const names = unusedArgs(plan);
  if (names.length) log.warn(`one or more build-args were not consumed: ${names.join(', ')}`);
  for (const name of noCacheStages) {
    if (!plan.dockerfile.stages.some((stage, i) => name === (stage.name ?? `stage-${i}`)))
      log.warn(`--no-cache-filter ${name}: the Dockerfile has no stage of that name`);
  }
}
