import { randomBytes } from 'node:crypto';
import { type StageState, splitEnv } from '../../instructions/stage-state.ts';
import type { Step } from '../../instructions/step.ts';
import type { Digest } from '../../oci/digest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { Input } from '../cache/step-key.ts';
import type { BaseImage } from '../images/base-image.ts';
import type { BuildResult } from '../images/build-result.ts';
import { imageKey } from '../images/layer-ref.ts';
import type { Meter, Spent } from '../meter.ts';
import type { DispatchedStage } from '../plan/dispatch-stage.ts';
import type { Services } from '../services.ts';
import type { SlotOwner } from '../steps/slots.ts';
import type { KeyedStage, KeyedStep } from '../steps/step-graph.ts';
import type { KeyedSource, Taken } from '../steps/step-inputs.ts';
import type { StepOutcomes } from '../steps/step-outcomes.ts';
import type { BuildRecord, RecordedParent, RecordedStep } from './build-record.ts';
import { type Concealer, createConcealer, keyedMark } from './conceal.ts';
import type { WatchedSteps } from './step-watch.ts';

/** A build that has ended, as far as it came. */
export interface EndedBuild {
  readonly owner: SlotOwner;
  readonly target: string;
  readonly buildArgs: ReadonlyMap<string, string>;
  /** Clock times in ms. */
  readonly started: { readonly now: number; readonly monotonic: number };
  readonly failed: boolean;
  /** Of all platforms. */
  readonly stages: readonly (readonly KeyedStage[])[];
  readonly outcomes: StepOutcomes;
  readonly watch: WatchedSteps;
  /** What registries had cost this process before the build. */
  readonly spentBefore: Spent;
  /** What it gave; undefined when it failed. */
  readonly result: BuildResult | undefined;
  /** Texts of secrets that commands could read. */
  readonly secrets: readonly string[];
}

/** What a build was made of and how its steps came out, without anything that looks like a secret. */
export interface DescribedBuild {
  readonly record: BuildRecord;
  readonly inputs: ReadonlyMap<Digest, readonly Input[]>;
  /** Lists of files that steps took from stages, by their digests. */
  readonly taken: ReadonlyMap<Digest, readonly string[]>;
  /** What the steps' commands wrote, by the steps' ids. */
  readonly logs: ReadonlyMap<string, string>;
}

/** Keeps what a build was made of. */
export async function recordBuild(
  build: EndedBuild,
  { history, clock, meter }: Pick<Services, 'history' | 'clock' | 'meter'>,
): Promise<BuildRecord> {
  const keys = build.stages.flat().flatMap((stage) => stage.steps.map(({ key }) => key));
  const known = await history.known([...new Set(keys)]);
  const mark = keyedMark(await history.key());
  const name = {
    id: randomBytes(4).toString('hex'),
    durationMs: Math.round(clock.monotonic() - build.started.monotonic),
    spent: spentSince(build.spentBefore, meter.total()),
  };
  const { record, inputs, taken, logs } = describeBuild(build, name, { mark, meter, known });
  await history.add(record, inputs, taken, logs);
  return record;
}

/** @param how.mark what stands in a secret's place @param how.known steps whose inputs nobody needs */
export function describeBuild(
  build: EndedBuild,
  name: { readonly id: string; readonly durationMs: number; readonly spent: Spent },
  { mark, meter, known }: { mark: (value: string) => string; meter: Meter; known: ReadonlySet<Digest> },
): DescribedBuild {
  const given = [...build.buildArgs].map(([key, value]) => ({ key, value }));
  // A context or a Dockerfile may be a URL with credentials.
  const plain = createConcealer(mark, given);
  const steps: RecordedStep[] = [];
  const inputs = new Map<Digest, readonly Input[]>();
  const taken = new Map<Digest, readonly string[]>();
  const logs = new Map<string, string>();
  for (const stages of build.stages) {
    for (const stage of stages) {
      const concealer = createConcealer(mark, [...given, ...variablesOf(stage)], build.secrets);
      for (const [i, step] of stage.steps.entries()) {
        const recorded = recordStep(stage, i, { stages, concealer, build, meter });
        steps.push(recorded);
        const log = build.watch.log(recorded.id);
        if (log !== undefined) logs.set(recorded.id, concealer.text(log));
        if (!known.has(step.key) && !inputs.has(step.key)) inputs.set(step.key, concealInputs(step, concealer));
        for (const { digest, lines } of step.sources.flatMap((source) => build.outcomes.taken(source) ?? []))
          if (lines)
            taken.set(
              digest,
              lines.map((line) => concealer.text(line)),
            );
      }
    }
  }
  const record: BuildRecord = {
    version: 1,
    id: name.id,
    started: new Date(build.started.now).toISOString(),
    durationMs: name.durationMs,
    result: build.failed ? 'failed' : 'done',
    name: plain.text(build.owner.name),
    dockerfile: plain.text(build.owner.dockerfile),
    target: build.target,
    steps,
    spent: name.spent,
    ...(build.result ? { images: build.result.images.map(recordImage) } : {}),
  };
  return { record, inputs, taken, logs };
}

interface Around {
  readonly stages: readonly KeyedStage[];
  readonly concealer: Concealer;
  readonly build: EndedBuild;
  readonly meter: Meter;
}

function recordStep(stage: KeyedStage, index: number, { stages, concealer, build, meter }: Around): RecordedStep {
  const { dispatched, steps } = stage;
  const keyed = steps[index]!;
  const { step, key, sources } = keyed;
  const { record, ...outcome } = build.outcomes.of(keyed);
  const time = build.watch.time(stepId(stage, index));
  const spent = meter.of(key);
  return {
    id: stepId(stage, index),
    stage: dispatched.label,
    ordinal: index,
    kind: step.kind,
    title: concealer.text(step.title),
    line: step.location.start,
    platform: formatPlatform(step.platform),
    key,
    parent:
      index > 0
        ? { key: steps[index - 1]!.key, step: stepId(stage, index - 1), stage: dispatched.label }
        : below(stage, concealer),
    apart: keyed.isApart,
    sources: sources.map((source) => sourceOf(source, stages, concealer)),
    ...(sources.length ? { taken: sources.map((source) => takenFrom(build.outcomes.taken(source))) } : {}),
    ...outcome,
    args: argNames(step, dispatched.state),
    ...(time ? { time } : {}),
    ...(spent.requests ? { spent } : {}),
    ...(record
      ? {
          result: {
            tree: record.tree,
            layer: record.layer.descriptor.digest,
            size: record.layer.descriptor.size,
            durationMs: record.durationMs,
            created: record.created,
          },
        }
      : {}),
  };
}

function spentSince(before: Spent, after: Spent): Spent {
  return {
    requests: after.requests - before.requests,
    received: after.received - before.received,
    sent: after.sent - before.sent,
  };
}

function recordImage({ platform, image }: BuildResult['images'][number]): NonNullable<BuildRecord['images']>[number] {
  return {
    platform: formatPlatform(platform),
    digest: image.manifest.descriptor.digest,
    layers: image.layers.map(({ descriptor, diffId }) => ({
      digest: descriptor.digest,
      diffId,
      size: descriptor.size,
    })),
  };
}

export function stepId({ dispatched }: KeyedStage, index: number): string {
  return `${dispatched.id}.${index + 1}`;
}

/** What a stage's filesystem ends with: its last step, or what it is FROM. */
function topOf(stage: KeyedStage, concealer: Concealer): RecordedParent {
  const last = stage.steps.length - 1;
  if (last < 0) return below(stage, concealer);
  return { key: stage.steps[last]!.key, step: stepId(stage, last), stage: stage.dispatched.label };
}

/** What a stage's first step stands on. */
function below({ dispatched, parent }: KeyedStage, concealer: Concealer): RecordedParent {
  return parent ? topOf(parent, concealer) : baseOf(dispatched, concealer);
}

function baseOf({ base }: DispatchedStage, concealer: Concealer): RecordedParent {
  if (base.kind !== 'image') return { key: 'scratch' };
  return { key: imageKey(base.image.layers), ...imageOf(base.image, concealer) };
}

function sourceOf(
  { ref, key, image }: KeyedSource,
  stages: readonly KeyedStage[],
  concealer: Concealer,
): RecordedParent {
  if (image) return { key, ...imageOf(image, concealer) };
  const stage = ref.kind === 'stage' && stages.find(({ dispatched }) => dispatched.index === ref.index);
  return stage ? { ...topOf(stage, concealer), key } : { key };
}

function takenFrom(taken: Taken | undefined): Digest | null {
  return taken?.lines ? taken.digest : null;
}

function imageOf(
  { reference, manifestDigest }: Pick<BaseImage, 'reference' | 'manifestDigest'>,
  concealer: Concealer,
): Required<Pick<RecordedParent, 'image'>> {
  return { image: { reference: concealer.text(reference), digest: manifestDigest } };
}

/** ENV and ARG of a stage, with what was given for arguments, and what mounts add. */
export function variablesOf({ dispatched: { state, variables }, steps }: KeyedStage) {
  return [
    ...variables,
    ...state.args.flatMap(({ key, value }) => (value === undefined ? [] : [{ key, value }])),
    ...steps.flatMap(({ step }) => (step.kind === 'run' ? step.env.map(splitEnv) : [])),
  ];
}

function argNames(step: Step, { args, config }: StageState): string[] {
  if (step.kind !== 'run') return [];
  const fromEnv = new Set((config.Env ?? []).map((entry) => splitEnv(entry).key));
  const declared = new Set(args.map(({ key }) => key).filter((key) => !fromEnv.has(key)));
  return step.env.map((entry) => splitEnv(entry).key).filter((key) => declared.has(key));
}

function concealInputs({ definition }: KeyedStep, concealer: Concealer): Input[] {
  return definition.inputs.map(([name, value]): Input => {
    if (name !== 'env') return [name, concealer.text(value)];
    const { key, value: own } = splitEnv(value);
    return [name, `${key}=${concealer.variable(key, own)}`];
  });
}
