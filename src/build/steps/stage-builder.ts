import type { SourceRef, Step } from '../../instructions/step.ts';
import { stepSources } from '../../instructions/step-sources.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import type { FileSource } from '../../snapshot/file-source.ts';
import { recordLayer, type StepRecord } from '../cache/records.ts';
import { contentKey } from '../cache/step-key.ts';
import { createStepLookUp, type FoundStep } from '../cache/step-look-up.ts';
import type { LayerRef } from '../images/layer-ref.ts';
import type { SourceFiles } from '../mounts/mounted-content.ts';
import { executeStep } from './execute-step.ts';
import type { SlotPlace } from './slots.ts';
import type { StageBuilderDeps } from './stage-builder-deps.ts';
import type { KeyedStage, KeyedStep } from './step-graph.ts';
import { withStepLock } from './step-lock.ts';
import { reportStep, type StepReport } from './step-report.ts';
import { createStepUploads, hasKnownContent, type StepUpload, slotPlace, takesFiles } from './step-uploads.ts';

/** Makes stages' filesystems; a stage that nothing needs is never asked for. */
export interface StageBuilder {
  layers(stage: KeyedStage): Promise<readonly LayerRef[]>;
  /** Settles when no step runs any more, whatever became of them. */
  idle(): Promise<void>;
}

interface Position {
  readonly layers: readonly LayerRef[];
  /** Content digest of the filesystem here, where it is known without reading a layer. */
  readonly content: string | undefined;
}

/** Where a step's result is from that an equal step of the same build has just made. */
const THIS_BUILD = 'this build';

export function createStageBuilder(deps: StageBuilderDeps): StageBuilder {
  const { services, graph, running, outcomes } = deps;
  const stages = new Map<KeyedStage, Promise<Position>>();
  /** The steps that this one waits for: `running` may have those of other builds too. */
  const own = new Set<Promise<StepRecord>>();
  const look = createStepLookUp(services, graph);
  /** The target's stage and those that it is FROM: the steps whose layers are the image's. */
  const targets = new Set<KeyedStage>();

  const uploads = createStepUploads({
    deps,
    look,
    built: (stage) => stages.get(stage)?.then(({ layers }) => layers),
    isWanted: (stage) => targets.has(stage),
    keyByContent: (keyed, content) => keyByContent(keyed, content),
  });

  const position = (stage: KeyedStage): Promise<Position> => {
    const known = stages.get(stage);
    if (known) return known;
    const promise = buildStage(stage);
    stages.set(stage, promise);
    return promise;
  };

  const buildStage = async (stage: KeyedStage): Promise<Position> => {
    const { base } = stage.dispatched;
    const known = await lookUp(
      stage.steps.map(({ key }) => key),
      stage.dispatched.state.platform,
    );
    const records = known.map((record, i) => (stage.steps[i]!.reuse === 'any' ? record : undefined));
    startSources(stage.steps.filter((_, i) => !records[i]));
    let at: Position = stage.parent
      ? await position(stage.parent)
      : { layers: base.kind === 'image' ? base.image.layers : [], content: undefined };
    for (const [i, keyed] of stage.steps.entries()) {
      const report = reportStep(services, stage, i);
      const slot = slotPlace(stage, i);
      const below: Position = keyed.isApart ? { layers: [], content: undefined } : at;
      const { record } = await services.meter.within(keyed.key, async () => {
        const hit = await cached(keyed, below, records[i], report.hit);
        const came = hit ?? { record: await run(keyed, below, slot, report), isContentKnown: true };
        await uploads.add(stage, i, came, below.layers);
        freeLease(keyed.key, came.record);
        return came;
      });
      if (takesFiles(keyed)) await deps.slots.keep(slot, record.tree);
      // What the layer over these files comes to is found when somebody asks.
      const content = keyed.isApart && at.layers.length ? undefined : record.tree.content;
      const layer = recordLayer(record);
      if (targets.has(stage)) deps.pushes.add(layer);
      at = { layers: [...at.layers, layer], content };
    }
    return at;
  };

  /**
   * A record made on the filesystem that is here now: found by the step's key, or by what the files below came out to.
   * A record of the same key made on other files is none: its layer may not fit.
   */
  const cached = async (
    keyed: KeyedStep,
    at: Position,
    found: FoundStep | undefined,
    hit: StepReport['hit'],
  ): Promise<StepUpload | undefined> => {
    if (found && (at.content === undefined || found.record.parent === at.content)) {
      hit(found.record, found.from && `from ${found.from}`);
      outcomes.hit(keyed, 'step-key', found.from, found.record);
      // A stage that nothing has needed yet is not built for the sake of another key.
      return { ...found, isContentKnown: hasKnownContent(keyed) };
    }
    if (!deps.useCache || keyed.reuse === 'none') {
      outcomes.missed(keyed, deps.useCache ? 'no-cache-filter' : 'no-cache');
      return undefined;
    }
    outcomes.missed(keyed, found ? 'other-parent' : look.refusal(keyed.key));
    const content = at.content ?? (await services.files.knownContent(at.layers));
    if (content === undefined) return undefined;
    const byContent = await keyByContent(keyed, content);
    const [same] = await lookUp([byContent], keyed.step.platform);
    if (!same) {
      outcomes.missed(keyed, look.refusal(byContent));
      return undefined;
    }
    // No cache is known to have it under this key.
    const { kept: _, ...record } = same.record;
    await services.records.putStep([keyed.key], record);
    hit(record, `its inputs came out the same${same.from === undefined ? '' : `, from ${same.from}`}`);
    outcomes.hit(keyed, 'content-key', same.from, record);
    return { record, isContentKnown: true, from: same.from };
  };

  /** Does the step; equal steps of several stages are done once. */
  const run = (keyed: KeyedStep, at: Position, slot: SlotPlace, report: StepReport): Promise<StepRecord> => {
    const known = running.get(keyed.key);
    if (known) {
      own.add(known);
      known.then((record) => outcomes.hit(keyed, 'step-key', THIS_BUILD, record)).catch(() => {});
      return known;
    }
    const promise = (async () => {
      // Sources first: a step that waits for a stage must not hold a place that the stage's own steps need.
      const sources = new Map<SourceRef, FileSource>();
      for (const ref of stepSources(keyed.step)) sources.set(ref, await sourceOf(ref, keyed.step));
      const isCompared = takesFiles(keyed) && keyed.reuse !== 'none';
      const previous = isCompared ? await deps.slots.previous(slot) : undefined;
      const work = async (): Promise<StepRecord> => {
        const made = await madeMeanwhile(keyed, at, report);
        return made ?? services.steps.run(() => execute());
      };
      const leased = async (): Promise<StepRecord> => {
        const leases = services.remote?.leases;
        // Only a command is worth the questions.
        if (!leases || keyed.step.kind !== 'run' || !isShared(keyed)) return work();
        const made = await madeMeanwhile(keyed, at, report);
        return made ?? leases.hold(keyed.key, () => madeElsewhere(keyed, at, report), work);
      };
      const execute = (): Promise<StepRecord> =>
        report.run(async (id) => {
          const place = { id, layers: at.layers, sources, ...(previous ? { previous } : {}) };
          const executed = await executeStep(keyed.step, place, deps);
          const { record } = executed;
          await services.records.putStep([keyed.key, await keyByContent(keyed, record.parent)], record);
          outcomes.done(keyed, record);
          const { digest } = record.layer.descriptor;
          if (services.lost.has(digest)) services.lost.set(digest, 'made again');
          return executed;
        });
      return isShared(keyed) ? withStepLock(services.store, keyed.key, services.signal, leased) : work();
    })();
    promise.catch(() => {
      // Steps that end because another one failed did not fail.
      if (!services.signal.aborted) outcomes.failed(keyed);
    });
    running.set(keyed.key, promise);
    own.add(promise);
    return promise;
  };

  /** Whether a record of the step counts, so that one process's work is another's hit. */
  const isShared = ({ reuse }: KeyedStep): boolean => deps.useCache && reuse === 'any';

  /** What another process did between the look-up and the lock. */
  const madeMeanwhile = async (keyed: KeyedStep, at: Position, report: StepReport): Promise<StepRecord | undefined> => {
    const [found] = isShared(keyed) ? await look.here([keyed.key]) : [];
    if (!found || (at.content !== undefined && found.record.parent !== at.content)) return undefined;
    report.hit(found.record, 'another build did it meanwhile');
    outcomes.hit(keyed, 'step-key', undefined, found.record);
    return found.record;
  };

  /** What another machine did while this one waited. */
  const madeElsewhere = async (keyed: KeyedStep, at: Position, report: StepReport): Promise<StepRecord | undefined> => {
    services.remote?.records.forget(keyed.key);
    const [found] = await look.find([keyed.key], keyed.step.platform);
    if (!found || (at.content !== undefined && found.record.parent !== at.content)) return undefined;
    report.hit(found.record, `another machine did it meanwhile, from ${found.from}`);
    outcomes.hit(keyed, 'step-key', found.from, found.record);
    return found.record;
  };

  /** Others may go on when the record is there. */
  const freeLease = (key: Digest, { layer }: StepRecord): void => {
    const { leases, uploads: sent } = services.remote ?? {};
    if (leases && sent) sent.beside(() => leases.free(key, sent.uploaded(layer.descriptor.digest)));
  };

  /** Begins what steps that will run read from, so that stages are built side by side; who needs it meets its error. */
  const startSources = (missing: readonly KeyedStep[]): void => {
    for (const { step } of missing) {
      for (const ref of stepSources(step))
        if (ref.kind === 'stage')
          graph
            .stage(ref.index)
            .then(position)
            .catch(() => {});
    }
  };

  const sourceOf = async (ref: SourceRef, step: Step): Promise<FileSource> => {
    if (ref.kind === 'context' || ref.kind === 'named') return deps.contexts.source(ref);
    if (ref.kind === 'stage') return (await stageFiles(ref.index)).source;
    const { layers } = await deps.images.resolve(ref.reference, ref.platform, step.location);
    return services.files.source(layers, await services.files.tree(layers));
  };

  const stageFiles = async (index: number): Promise<SourceFiles> => {
    const { layers } = await position(await graph.stage(index));
    const tree = await services.files.tree(layers);
    return { source: services.files.source(layers, tree), tree };
  };

  const keyByContent = async (keyed: KeyedStep, content: string): Promise<KeyedStep['key']> => {
    const sources: string[] = [];
    for (const source of keyed.sources) {
      const { ref, key, content: take } = source;
      const taken = ref.kind === 'stage' && take ? await take(await stageFiles(ref.index)) : undefined;
      if (taken) outcomes.took(source, taken);
      sources.push(taken ? `files ${taken.digest}` : key);
    }
    return contentKey(keyed.definition, content, sources);
  };

  const lookUp = async (keys: readonly Digest[], platform: Platform): Promise<(FoundStep | undefined)[]> =>
    deps.useCache ? look.find(keys, platform) : keys.map(() => undefined);

  return {
    async layers(stage) {
      for (let at: KeyedStage | undefined = stage; at; at = at.parent) targets.add(at);
      if (deps.useCache) await look.prefetch(stage);
      const { layers } = await position(stage);
      uploads.addRest();
      return layers;
    },
    async idle() {
      await Promise.allSettled([...own, ...stages.values()]);
    },
  };
}
