import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { BuildRecord } from '../../../src/build/explain/build-record.ts';
import { explainBuild, type StepExplanation } from '../../../src/build/explain/explain-build.ts';
import { explanationText } from '../../../src/cli/print-explanation.ts';
import { type BuildBench, type BuildOptions, buildBench } from './build-bench.ts';

/** All that a build is made of. Every context has a busybox, too. */
export interface World {
  readonly dockerfile: string;
  /** Text, or text and mode; undefined is no file. */
  readonly files: Readonly<Record<string, string | readonly [text: string, mode: number] | undefined>>;
  readonly options?: BuildOptions;
}

/** What is other than in the world before: words of the Dockerfile, or parts of the world. */
export type Edit = readonly [from: string, to: string] | Partial<World>;

/** Rows: what is changed alone, and for a miss every cause that explain says. */
export interface Matrix {
  readonly miss: Readonly<Record<string, readonly [edit: Edit, ...causes: string[]]>>;
  readonly hit: Readonly<Record<string, Edit>>;
}

/** An explained build: the step that is looked at is the target's last one. */
export interface Explained {
  readonly step: StepExplanation;
  readonly text: string;
}

/** Builds the world, then each row's world; the last step must hit or miss, and a miss must have these causes only. */
export function cacheMatrix(name: string, world: World, { miss, hit }: Matrix): void {
  test(`${name}: ${Object.keys(miss).length} changes that count, ${Object.keys(hit).length} that do not`, async (t) => {
    const bench = buildBench(t);
    const run = (next: World) => buildExplained(bench, next, name);
    const wrong: string[] = [];
    for (const [what, [edit, ...causes]] of Object.entries(miss)) {
      // Of builds that are equally near the last one is compared with.
      await run(world);
      const { step, text } = await run(edited(world, edit));
      const isSaid = causes.every((cause) => text.includes(cause)) && step.causes.length === causes.length;
      if (step.status !== 'miss' || !isSaid) wrong.push(`${what}: should miss for ${causes.join('; ')}\n${text}`);
    }
    for (const [what, edit] of Object.entries(hit)) {
      const { step, text } = await run(edited(world, edit));
      if (step.status !== 'hit') wrong.push(`${what}: should hit\n${text}`);
    }
    t.deepEqual(wrong, []);
  });
}

/** @param name the context's directory: builds of one name are compared with each other first */
export async function buildExplained(bench: BuildBench, world: World, name: string): Promise<Explained> {
  const path = join(bench.path, name);
  rmSync(path, { recursive: true, force: true });
  for (const [file, given] of Object.entries({ busybox: readFileSync('/usr/bin/busybox'), ...world.files })) {
    if (given === undefined) continue;
    const [content, mode] = Array.isArray(given) ? given : [given as string | Buffer, 0o644];
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), content);
    chmodSync(join(path, file), mode);
  }
  let record: BuildRecord | undefined;
  let explained: Explained | undefined;
  await bench.build(world.dockerfile, path, {
    ...world.options,
    recorded: (build) => void (record = build),
    inspect: async (image, services, result) => {
      await world.options?.inspect?.(image, services, result);
      const explanation = await explainBuild(record!, await services.history.builds(), services.history);
      const step = explanation.steps.at(-1)!;
      explained = { step, text: explanationText({ ...explanation, steps: [step] }) };
    },
  });
  return explained!;
}

function edited(world: World, edit: Edit): World {
  if (!isWords(edit)) {
    const options = { ...world.options, ...edit.options };
    return { ...world, ...edit, files: { ...world.files, ...edit.files }, options };
  }
  const dockerfile = world.dockerfile.replace(edit[0], () => edit[1]);
  if (dockerfile === world.dockerfile) throw new Error(`nothing to edit: ${edit[0]}`);
  return { ...world, dockerfile };
}

function isWords(edit: Edit): edit is readonly [string, string] {
  return Array.isArray(edit);
}
