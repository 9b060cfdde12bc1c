import type { Dockerfile, Stage } from '../../dockerfile/ast.ts';
import { createLexer } from '../../dockerfile/expand-word.ts';
import type { Report } from '../../dockerfile/linter.ts';
import { didYouMean, nearest } from '../../dockerfile/suggest.ts';
import { VarveError } from '../../errors.ts';
import { type BuildPlatforms, platformArgs } from '../../instructions/build-args.ts';
import type { RunSettings } from '../../instructions/run-settings.ts';
import type { SourceRef } from '../../instructions/step.ts';
import { type Platform, parsePlatformOn } from '../../oci/platform.ts';
import { contextKey, layoutReference, type NamedContext, platformKey } from '../contexts/named-context.ts';
import { expandIn } from './expand.ts';
import { globalArguments } from './global-arguments.ts';
import { lintFroms } from './lint-bases.ts';
import { sourceDateEpoch } from './source-date-epoch.ts';
import { readsFrom } from './stage-cycle.ts';

/** What a stage starts from. */
export type StageBase =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: string }
  /** A named context: its files are the first layer. */
  | { readonly kind: 'context'; readonly name: string };

export interface PlannedStage {
  readonly index: number;
  readonly stage: Stage;
  readonly base: StageBase;
  /** A named context of the stage's name stands in its place: none of its instructions count. */
  readonly isReplaced: boolean;
  readonly platform: Platform;
}

/** A Dockerfile's stages with their bases, and which one is wanted. Nothing was asked of any registry. */
export interface Plan {
  readonly dockerfile: Dockerfile;
  readonly stages: readonly PlannedStage[];
  readonly target: PlannedStage;
  readonly platforms: BuildPlatforms;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly globalArgs: ReadonlyMap<string, string>;
  readonly named: ReadonlyMap<string, NamedContext>;
  readonly run: RunSettings;
  /** SOURCE_DATE_EPOCH, seconds since 1970. */
  readonly epoch?: number;
  /** Whether the build has other platforms too, so that what is said names this one. */
  readonly several: boolean;
}

export interface PlanOptions {
  readonly target?: string;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly named: ReadonlyMap<string, NamedContext>;
  readonly run: RunSettings;
  /** What a global ARG's SOURCE_DATE_EPOCH came to, when it named something that has a time. */
  readonly globalEpoch?: string;
  /** Told what the rules find in FROM lines. */
  readonly report?: Report;
  readonly several?: boolean;
}

/**
 * Finds the target and each stage's base; pure.
 * @throws VarveError with the line of what is wrong
 */
export function planBuild(dockerfile: Dockerfile, options: PlanOptions): Plan {
  const target = findTarget(dockerfile, options.target);
  const platforms = {
    build: options.buildPlatform,
    target: options.platform,
    targetStage: dockerfile.stages[target]?.name ?? 'default',
  };
  const given = [...platformArgs(platforms)].map(
    ([name, value]) => [name, options.buildArgs.get(name) ?? value] as const,
  );
  const automatic = new Map(given);
  const globalArgs = globalArguments(dockerfile, options.buildArgs, automatic);
  if (options.globalEpoch !== undefined && globalArgs.has('SOURCE_DATE_EPOCH'))
    globalArgs.set('SOURCE_DATE_EPOCH', options.globalEpoch);
  const epoch = sourceDateEpoch(options.buildArgs, globalArgs);
  if (options.report)
    lintFroms(dockerfile, globalArgs, () => globalArguments(dockerfile, new Map(), automatic), options.report);
  const stages: PlannedStage[] = [];
  for (const [index, stage] of dockerfile.stages.entries()) {
    if (index > target) break;
    stages.push(planStage(dockerfile, stage, index, globalArgs, options));
  }
  return {
    dockerfile,
    stages,
    target: stages[target]!,
    platforms,
    buildArgs: options.buildArgs,
    globalArgs,
    named: options.named,
    run: options.run,
    ...(epoch === undefined ? {} : { epoch }),
    several: options.several ?? false,
  };
}

function findTarget({ stages }: Dockerfile, name: string | undefined): number {
  if (name === undefined || name === '') return stages.length - 1;
  const index = stages.findLastIndex((stage) => stage.name === name.toLowerCase());
  if (index >= 0) return index;
  const names = stages.flatMap((stage) => (stage.name ? [stage.name] : []));
  throw new VarveError(
    'TARGET_UNKNOWN',
    `target stage ${JSON.stringify(name)} could not be found${didYouMean(name, names)}`,
    {
      hint: names.length ? `the stages are ${names.join(', ')}` : 'no stage has a name; give one with FROM … AS NAME',
    },
  );
}

function planStage(
  dockerfile: Dockerfile,
  stage: Stage,
  index: number,
  globalArgs: ReadonlyMap<string, string>,
  options: PlanOptions,
): PlannedStage {
  const { from } = stage;
  const expand = (text: string): string => expandIn(dockerfile, from.location, text, globalArgs);
  const suggestion = (text: string): string => {
    const { unmatched } = createLexer(dockerfile.directives.escape).word(text, globalArgs);
    const option = unmatched.map((name) => nearest(name, [...globalArgs.keys()], 'exact case')).find(Boolean);
    return option === undefined ? '' : ` (did you mean ${option}?)`;
  };
  const image = expand(from.image);
  if (image === '') {
    throw new VarveError('DOCKERFILE_VALUE', `base name (${from.image}) should not be blank${suggestion(from.image)}`, {
      hint: 'an ARG before the first FROM, or --build-arg, gives the variable its value',
      location: from.location,
    });
  }
  const wanted = from.platform === undefined ? '' : expand(from.platform);
  let platform = options.platform;
  try {
    if (wanted !== '') platform = parsePlatformOn(options.buildPlatform, wanted);
    else if (from.platform !== undefined) {
      throw new VarveError(
        'PLATFORM_INVALID',
        `empty platform value from expression ${from.platform}${suggestion(from.platform)}`,
      );
    }
  } catch (error) {
    throw error instanceof VarveError ? error.at(from.location) : error;
  }
  const replacement = stage.name === undefined ? undefined : namedBase(stage.name, options.named, platform);
  const base = replacement ?? findBase(dockerfile, image, index, { named: options.named, platform });
  // As BuildKit: --platform chooses an image; nothing is the target's, and a stage has its own.
  const own = base.kind === 'scratch' ? options.platform : platform;
  return { index, stage, base, isReplaced: replacement !== undefined, platform: own };
}

function findBase(
  dockerfile: Dockerfile,
  image: string,
  index: number,
  { named, platform }: { readonly named: ReadonlyMap<string, NamedContext>; readonly platform: Platform },
): StageBase {
  const context = namedBase(image, named, platform);
  if (context) return context;
  const stage = dockerfile.stages.findLastIndex((other, i) => i < index && other.name === image.toLowerCase());
  if (stage >= 0) return { kind: 'stage', index: stage };
  if (image === 'scratch') return { kind: 'scratch' };
  return { kind: 'image', reference: image };
}

/** What a named context is as a base, one for the platform before one for all; undefined when there is none of that name. */
function namedBase(name: string, named: ReadonlyMap<string, NamedContext>, platform: Platform): StageBase | undefined {
  const forPlatform = platformKey(contextKey(name), platform);
  const key = named.has(forPlatform) ? forPlatform : contextKey(name);
  const context = named.get(key);
  switch (context?.kind) {
    case undefined:
      return undefined;
    case 'image':
      return { kind: 'image', reference: context.reference };
    case 'built':
    case 'oci-layout':
      return { kind: 'image', reference: layoutReference(key) };
    case 'empty':
      return { kind: 'scratch' };
    default:
      return { kind: 'context', name: key };
  }
}

/**
 * What `--from=NAME` in stage `index` means: a named context, a stage defined before, else an image.
 * @throws VarveError `STAGE_ORDER` for this stage itself or a later one
 */
export function resolveSource(plan: Plan, index: number, name: string, allowIndex: boolean): SourceRef {
  const base = namedBase(name, plan.named, plan.platforms.target);
  if (base?.kind === 'image') return { ...base, platform: plan.platforms.target };
  if (base?.kind === 'context') return { kind: 'named', name: base.name };
  if (base) return { kind: 'named', name: contextKey(name) };
  const key = name.toLowerCase();
  const { stages } = plan.dockerfile;
  const earlier = stages.findLastIndex((stage, i) => i < index && stage.name === key);
  if (earlier >= 0) return { kind: 'stage', index: earlier };
  if (stages[index]?.name === key)
    throw new VarveError('STAGE_ORDER', `circular dependency detected on stage: ${name}`);
  const later = stages.findIndex((stage) => stage.name === key);
  if (later >= 0 && readsFrom(stages, later, index)) {
    const stage = stages[index]?.name ?? String(index);
    throw new VarveError('STAGE_ORDER', `circular dependency detected on stage: ${stage}`);
  }
  if (later >= 0) {
    throw new VarveError(
      'STAGE_ORDER',
      `stage ${JSON.stringify(name)} needs to be defined before current stage ${JSON.stringify(stages[index]?.name ?? String(index))}`,
    );
  }
  if (allowIndex && /^\d+$/.test(name)) {
    if (Number(name) < index) return { kind: 'stage', index: Number(name) };
    throw new VarveError(
      'STAGE_ORDER',
      `invalid from flag value ${name}: there is no stage of that index before this one`,
    );
  }
  if (/^\d+$/.test(name)) {
    throw new VarveError(
      'STAGE_ORDER',
      `from=${name}: a mount is from a stage, image or context by name, not by number`,
      {
        hint: 'give the stage a name: FROM … AS NAME',
      },
    );
  }
  return { kind: 'image', reference: name, platform: plan.platforms.target };
}
