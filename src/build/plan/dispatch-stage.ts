import type { KeyValue, StageInstruction } from '../../dockerfile/ast.ts';
import { expandHeredoc } from '../../dockerfile/expand-word.ts';
import { createStageLinter, type LintState } from '../../dockerfile/lint-stage.ts';
import type { Report } from '../../dockerfile/linter.ts';
import { parseTrigger } from '../../dockerfile/parse-trigger.ts';
import type { PatternMatcher } from '../../dockerfile/pattern-matcher.ts';
import { type SourceLocation, VarveError } from '../../errors.ts';
import { type DispatchTools, dispatch } from '../../instructions/dispatch.ts';
import {
  imageState,
  type StageState,
  scratchState,
  stageState,
  withLayerHistory,
} from '../../instructions/stage-state.ts';
import type { Step } from '../../instructions/step.ts';
import { formatPlatform, normalizePlatform, type Platform } from '../../oci/platform.ts';
import type { BaseImage } from '../images/base-image.ts';
import { environmentMap, wordsOf } from './expand.ts';
import { lintBase } from './lint-bases.ts';
import { type Plan, type PlannedStage, resolveSource } from './plan.ts';

/** A stage with everything known that can be known before a step runs. */
export interface DispatchedStage {
  /** Its own among all stages of all platforms of a build. */
  readonly id: string;
  readonly index: number;
  readonly name: string;
  /** As people read it in progress: with its platform when there are several. */
  readonly label: string;
  readonly base:
    | { readonly kind: 'scratch' }
    | { readonly kind: 'image'; readonly image: BaseImage }
    | { readonly kind: 'stage'; readonly stage: DispatchedStage };
  /** The state after the last instruction. */
  readonly state: StageState;
  /** This stage's own steps, in order. */
  readonly steps: readonly Step[];
  /** Every value that each variable had, ENV or ARG, so that those that look like secrets can be hidden. */
  readonly variables: readonly KeyValue[];
  /** False when the image at the bottom could not be asked for its config, which a check may allow. */
  readonly knowsBase: boolean;
}

/** What the rules need besides the plan. */
export interface DispatchLint {
  readonly report: Report;
  /** The patterns of the build context's ignore file. */
  readonly ignores: PatternMatcher | undefined;
  /** Whether a base of another platform than the wanted one is fine as it is. */
  readonly takes?: (platform: Platform) => boolean;
}

export interface StageDispatcher {
  /** Dispatches a stage and those it is FROM; each once. */
  stage(index: number): Promise<DispatchedStage>;
}

/** Resolves a base; the location is that of its FROM. Undefined means one of which nothing is known. */
export type ResolveBase = (
  reference: string,
  platform: Platform,
  location: SourceLocation,
) => Promise<BaseImage | undefined>;

type Tools = StageDispatcher & { readonly image: ResolveBase; readonly lint: DispatchLint };

export function createDispatcher(plan: Plan, image: ResolveBase, lint: DispatchLint): StageDispatcher {
  const memo = new Map<number, Promise<DispatchedStage>>();
  const stage = (index: number): Promise<DispatchedStage> => {
    const known = memo.get(index);
    if (known) return known;
    const promise = dispatchStage(plan, plan.stages[index]!, { stage, image, lint });
    memo.set(index, promise);
    return promise;
  };
  return { stage };
}

async function dispatchStage(plan: Plan, planned: PlannedStage, get: Tools): Promise<DispatchedStage> {
  const { stage, index } = planned;
  const start = await startStage(planned, get);
  const { base, state, triggers, knowsBase } = start;
  const names = namesOf(plan, planned, state.platform);
  if (planned.isReplaced) {
    // Its triggers are for the stages that are FROM it.
    const config = triggers.length ? { ...state.config, OnBuild: [...triggers] } : state.config;
    const variables = collectVariables(plan, state).all();
    return { ...names, base, state: { ...state, config }, steps: start.steps, knowsBase, variables };
  }
  const instructions: StageInstruction[] = [
    ...triggers.map((text) => parseTrigger(text, stage.from.location)),
    ...stage.instructions,
  ];
  const tools = toolsFor(plan, index);
  const lint = createStageLinter({
    escapeChar: plan.dockerfile.directives.escape,
    report: get.lint.report,
    ...(get.lint.ignores ? { ignores: get.lint.ignores } : {}),
    hasWorkdir: planned.base.kind === 'stage' && hasWorkdir(plan, planned.base.index),
    knowsBase,
  });
  const steps: Step[] = [...start.steps];
  const variables = collectVariables(plan, state);
  let current = state;
  for (const instruction of instructions) {
    lint(instruction, lintState(current));
    try {
      const result = dispatch(current, instruction, tools);
      current = result.state;
      variables.add(current);
      if (result.step) steps.push(result.step);
    } catch (error) {
      throw error instanceof VarveError ? error.at(instruction.location) : error;
    }
  }
  return { ...names, base, state: current, steps, knowsBase, variables: variables.all() };
}

/** Every value that each variable had, ENV or ARG, here or before the first FROM. */
function collectVariables({ globalArgs }: Pick<Plan, 'globalArgs'>, start: StageState) {
  const all = new Map<string, KeyValue>();
  let last: StageState['environment'] | undefined;
  const put = (key: string, value: string): void => void all.set(`${key}=${value}`, { key, value });
  const add = ({ environment }: StageState): void => {
    if (environment !== last) for (const { key, value } of environment) put(key, value);
    last = environment;
  };
  for (const [key, value] of globalArgs) put(key, value);
  add(start);
  return { add, all: (): readonly KeyValue[] => [...all.values()] };
}

function namesOf(
  plan: Plan,
  { stage, index }: PlannedStage,
  platform: Platform,
): Pick<DispatchedStage, 'id' | 'index' | 'name' | 'label'> {
  const name = stage.name ?? `stage-${index}`;
  return {
    id: `${plan.several ? `${formatPlatform(plan.platforms.target)} ` : ''}${index}`,
    index,
    name,
    label: plan.several ? `${formatPlatform(platform)} ${name}` : name,
  };
}

function lintState(state: StageState): LintState {
  return {
    variables: environmentMap(state),
    declared: new Set(state.args.map(({ key }) => key)),
    hasShell: (state.config.Shell?.length ?? 0) > 0,
  };
}

/** Whether a stage, or one that it is FROM, has a WORKDIR of its own. */
function hasWorkdir({ stages }: Pick<Plan, 'stages'>, index: number): boolean {
  const { stage, base } = stages[index]!;
  if (stage.instructions.some(({ kind }) => kind === 'workdir')) return true;
  return base.kind === 'stage' && hasWorkdir({ stages }, base.index);
}

interface StageStart extends Pick<DispatchedStage, 'base' | 'knowsBase'> {
  readonly state: StageState;
  readonly triggers: readonly string[];
  /** What makes the base, where it is no image. */
  readonly steps: readonly Step[];
}

async function startStage({ base, platform, stage }: PlannedStage, get: Tools): Promise<StageStart> {
  switch (base.kind) {
    case 'scratch':
      return { base, state: scratchState(platform), triggers: [], steps: [], knowsBase: true };
    case 'stage': {
      const parent = await get.stage(base.index);
      return {
        base: { kind: 'stage', stage: parent },
        state: stageState(parent.state),
        triggers: parent.state.config.OnBuild ?? [],
        steps: [],
        knowsBase: parent.knowsBase,
      };
    }
    case 'image': {
      const image = await get.image(base.reference, platform, stage.from.location);
      if (image === undefined)
        return { base: { kind: 'scratch' }, state: scratchState(platform), triggers: [], steps: [], knowsBase: false };
      const own = normalizePlatform(image.config);
      if (!get.lint.takes?.(own)) lintBase(base.reference, own, platform, stage.from, get.lint.report);
      return {
        base: { kind: 'image', image },
        state: imageState(own, image.config),
        triggers: image.config.config?.OnBuild ?? [],
        steps: [],
        knowsBase: true,
      };
    }
    case 'context':
      return {
        base: { kind: 'scratch' },
        state: withLayerHistory(scratchState(platform), `FROM ${base.name} # buildkit`),
        triggers: [],
        steps: [copyOf(base.name, stage, platform)],
        knowsBase: true,
      };
  }
}

/** A named context's files as a stage's first layer. */
function copyOf(name: string, { from }: PlannedStage['stage'], platform: Platform): Step {
  return {
    kind: 'copy',
    location: from.location,
    title: from.original,
    platform,
    from: { kind: 'named', name },
    sources: ['.'],
    heredocs: [],
    dest: '/',
    workdir: '/',
    link: false,
    parents: false,
    exclude: [],
  };
}

function toolsFor(plan: Plan, index: number): DispatchTools {
  const escapeChar = plan.dockerfile.directives.escape;
  const globalArgs = new Map([...plan.globalArgs].filter(([name]) => !plan.buildArgs.has(name)));
  return {
    scope: { buildArgs: plan.buildArgs, globalArgs, platforms: plan.platforms, run: plan.run },
    words: (state) => wordsOf(escapeChar, state),
    heredoc: (state, body) => expandHeredoc(body, environmentMap(state)).value,
    source: (name, allowIndex) => resolveSource(plan, index, name, allowIndex),
  };
}
