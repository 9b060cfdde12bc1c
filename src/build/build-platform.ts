import type { BuildFacts } from '../attest/provenance.ts';
import type { Linter } from '../dockerfile/linter.ts';
import { VarveError } from '../errors.ts';
import { formatPlatform } from '../oci/platform.ts';
import { buildFacts, type FactsRequest } from './attest/build-facts.ts';
import type { MaterialSources } from './attest/materials.ts';
import { type Annotation, imageAnnotations } from './images/annotations.ts';
import { type Image, keepImage, makeImage } from './images/image.ts';
import { makeImageConfig } from './images/image-config.ts';
import type { LayerRef } from './images/layer-ref.ts';
import { squashedHistory, squashLayers } from './images/squash-layers.ts';
import { createDispatcher, type DispatchedStage, type DispatchLint } from './plan/dispatch-stage.ts';
import type { LoadedDockerfile } from './plan/load-dockerfile.ts';
import type { Plan } from './plan/plan.ts';
import type { PlanRequest } from './plan/plan-request.ts';
import { runsWith } from './platform/foreign-platform.ts';
import { foreseeStage } from './steps/foresee-stage.ts';
import { createStageBuilder } from './steps/stage-builder.ts';
import type { StageBuilderDeps } from './steps/stage-builder-deps.ts';
import { createStepGraph, type KeyedStage } from './steps/step-graph.ts';
import { createStepInputs } from './steps/step-inputs.ts';

/** What a request says of its images. */
export interface ImageRequest {
  /** Put over the labels of the Dockerfile. */
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: readonly Annotation[];
  /** Whether all that the image adds to its base is one layer. */
  readonly squash?: boolean;
  /** Names of stages whose steps are run in any case. */
  readonly noCacheStages: readonly string[];
}

/** The image of one platform on its way. */
export interface PlatformBuild {
  /**
   * Builds it into the store.
   * @throws VarveError with the Dockerfile's line; it names the platform when there are several
   */
  image(): Promise<Image>;
  /** The image, if nothing had to be done for it; what would be done is told to the outcomes. Nothing is built or kept. */
  foresee(): Promise<Image | undefined>;
  /** How it was built, once it is. */
  facts(dockerfile: LoadedDockerfile, request: FactsRequest, sources: MaterialSources): Promise<BuildFacts>;
  /** Settles when no step runs any more. */
  idle(): Promise<void>;
  /** The stages whose steps' keys are known. */
  stages(): Promise<readonly KeyedStage[]>;
}

/** @param shared what all platforms of a build have in common; equal steps run once whatever platform they are for */
export function createPlatformBuild(
  plan: Plan,
  request: ImageRequest & Pick<PlanRequest, 'platforms'>,
  shared: Omit<StageBuilderDeps, 'graph'> & Pick<Linter, 'requireClean'> & { readonly lint: DispatchLint },
): PlatformBuild {
  const { services, contexts, images, transfers } = shared;
  const isImplicit = request.platforms.length === 0;
  const dispatcher = createDispatcher(plan, images.resolve, {
    ...shared.lint,
    // Without --platform an image of another platform is what it is, where this machine runs it.
    takes: (platform) => isImplicit && runsWith(platform, services.platform, services.emulation) !== undefined,
  });
  const graph = createStepGraph(
    dispatcher,
    createStepInputs({ contexts, images, transfers, trees: services.trees, ignorePaths: shared.ignorePaths }),
    services.compression,
    (name) => request.noCacheStages.includes(name),
  );
  const stages = createStageBuilder({ ...shared, graph });
  const target = plan.platforms.target;

  const keyed = async (): Promise<KeyedStage> => {
    const stage = await graph.stage(plan.target.index);
    shared.requireClean();
    return stage;
  };

  const assemble = (stage: KeyedStage, layers: readonly LayerRef[]): Image => {
    const base = baseOf(stage.dispatched);
    const { state } = stage.dispatched;
    const config = makeImageConfig(
      {
        state: request.squash ? { ...state, history: squashedHistory(state.history) } : state,
        base,
        layers,
        labels: request.labels,
        ...(isImplicit ? {} : { target }),
        ...(plan.epoch === undefined ? {} : { epoch: plan.epoch }),
      },
      new Date(services.clock.now()).toISOString(),
    );
    return makeImage(config, layers, target, {
      annotations: imageAnnotations(request.annotations, target),
      ...(base ? { format: base.format } : {}),
    });
  };

  const make = async (): Promise<Image> => {
    const stage = await keyed();
    const layers = await stages.layers(stage);
    const base = baseOf(stage.dispatched)?.layers ?? [];
    const image = assemble(stage, request.squash ? await squashLayers(base, layers, services) : layers);
    await keepImage(services.store, image);
    return image;
  };

  return {
    async image() {
      try {
        return await make();
      } catch (error) {
        throw plan.several && error instanceof VarveError ? error.prefixed(`${formatPlatform(target)}: `) : error;
      }
    },
    async foresee() {
      const stage = await keyed();
      const { layers } = await foreseeStage(stage, { ...shared, graph });
      // Whether the one layer is there already would have to be found by making it.
      return layers && !request.squash ? assemble(stage, layers) : undefined;
    },
    facts: async (dockerfile, factsRequest, sources) =>
      buildFacts(factsRequest, plan, await graph.stages(), dockerfile, sources, services),
    idle: () => stages.idle(),
    stages: () => graph.stages(),
  };
}

/** The image at the bottom of a chain of stages. */
function baseOf({ base }: DispatchedStage) {
  if (base.kind === 'stage') return baseOf(base.stage);
  return base.kind === 'image' ? base.image : undefined;
}
