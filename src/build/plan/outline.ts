import type { ArgInstruction } from '../../dockerfile/ast.ts';
import { createLexer } from '../../dockerfile/expand-word.ts';
import type { SourceLocation } from '../../errors.ts';
import type { DispatchedStage, StageDispatcher } from './dispatch-stage.ts';
import type { Plan } from './plan.ts';
import { reachableStages } from './reachable-stages.ts';

/** What the build of one target takes: its arguments with their values, and the secrets and agents that RUN asks for. */
export interface Outline {
  readonly name?: string;
  readonly description?: string;
  readonly args: readonly OutlineArg[];
  readonly secrets: readonly OutlineMount[];
  readonly ssh: readonly OutlineMount[];
}

export interface OutlineArg {
  readonly name: string;
  readonly description?: string;
  readonly value?: string;
  readonly location: SourceLocation;
}

export interface OutlineMount {
  readonly name: string;
  readonly required: boolean;
  readonly location: SourceLocation;
}

/**
 * The outline of a plan's target and the stages that it needs. A global ARG counts when a FROM of these stages uses it, a
 * stage takes it over, or its value goes into another one that counts.
 * @throws VarveError with the line of what is wrong
 */
export async function outlineOf(plan: Plan, dispatcher: StageDispatcher): Promise<Outline> {
  const stages = await reachableStages(dispatcher, plan.target.index);
  const { name, from } = plan.target.stage;
  return {
    ...(name === undefined ? {} : { name }),
    ...(from.doc === undefined ? {} : { description: from.doc }),
    args: byLine(argsOf(plan, stages)),
    secrets: byLine(mountsOf(stages, 'secret')),
    ssh: byLine(mountsOf(stages, 'ssh')),
  };
}

function argsOf(plan: Plan, stages: readonly DispatchedStage[]): OutlineArg[] {
  const { globals } = plan.dockerfile;
  const global = new Set(globals.flatMap(({ args }) => args.map(({ key }) => key)));
  const used = new Set<string>();
  const found: OutlineArg[] = [];
  for (const { index, state } of stages) {
    const { from, instructions } = plan.stages[index]!.stage;
    for (const name of namesIn(plan, [from.image, from.platform ?? ''])) used.add(name);
    const own = instructions.filter((one): one is ArgInstruction => one.kind === 'arg');
    // The last of the state's arguments are this stage's: before them come those of the stage it is FROM.
    let at = state.args.length - own.reduce((sum, { args }) => sum + args.length, 0);
    for (const { args, location } of own)
      for (const { key, value: fallback, doc } of args) {
        const value = state.args[at++]?.value;
        if (fallback === undefined && !plan.buildArgs.has(key) && plan.globalArgs.has(key)) used.add(key);
        else found.push(outlineArg(key, doc, value, location));
      }
  }
  for (const { args } of globals.toReversed())
    for (const { key, value = '' } of args.toReversed())
      if (used.has(key)) for (const name of namesIn(plan, [value])) used.add(name);
  const fromGlobals = globals.flatMap(({ args, location }) =>
    args
      .filter(({ key }) => used.has(key) && global.has(key))
      .map(({ key, doc }) => outlineArg(key, doc, plan.globalArgs.get(key), location)),
  );
  return uniqueByName([...fromGlobals, ...found]);
}

function outlineArg(
  name: string,
  description: string | undefined,
  value: string | undefined,
  location: SourceLocation,
): OutlineArg {
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(value === undefined ? {} : { value }),
    location,
  };
}

/** Variables that words use, whether they are set or not. */
function namesIn(plan: Plan, words: readonly string[]): string[] {
  const lexer = createLexer(plan.dockerfile.directives.escape);
  return words.flatMap((word) => {
    const { matched, unmatched } = lexer.word(word, plan.globalArgs);
    return [...matched, ...unmatched];
  });
}

function mountsOf(stages: readonly DispatchedStage[], type: 'secret' | 'ssh'): OutlineMount[] {
  const found = stages.flatMap(({ steps }) =>
    steps.flatMap((step) =>
      step.kind !== 'run'
        ? []
        : step.mounts.flatMap((mount) =>
            mount.type === type ? [{ name: mount.id, required: mount.required, location: step.location }] : [],
          ),
    ),
  );
  return uniqueByName(found.toSorted((a, b) => Number(b.required) - Number(a.required)));
}

/** The first of each name. */
function uniqueByName<T extends { readonly name: string }>(all: readonly T[]): T[] {
  return all.filter(({ name }, i) => all.findIndex((other) => other.name === name) === i);
}

function byLine<T extends { readonly location: SourceLocation }>(all: readonly T[]): T[] {
  return all.toSorted((a, b) => a.location.start - b.location.start);
}
