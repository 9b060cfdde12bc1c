import { cpSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeBusyboxRoot } from '../../../scripts/busybox-base.ts';
import { VarveError } from '../../../src/errors.ts';
import type { RunConfig } from '../../../src/oci/image-config.ts';
import type { Rung } from '../../../src/sandbox/sandbox.ts';
import { cannotRun, listAll } from '../../sandbox/support/sandbox-bench.ts';
import { notRun } from '../../support/not-run.ts';
import { type BuildBench, type BuildOptions, type Built, buildBench } from './build-bench.ts';

export interface RunBuilt extends Built {
  /** What the commands wrote to standard output, as latin1 text: a char for each byte. */
  readonly stdout: string;
  readonly stderr: string;
  /** Every path of the last layer, sorted. */
  readonly layer: readonly string[];
  readonly config: RunConfig;
}

/** Builds of Dockerfiles that begin with FROM busybox, a stage that is there. */
export interface RunBench extends BuildBench {
  readonly context: string;
  run(dockerfile: string, options?: BuildOptions): Promise<RunBuilt>;
  /** A build that must fail. */
  fail(dockerfile: string, options?: BuildOptions): Promise<VarveError>;
}

const BASE = 'FROM scratch AS busybox\nCOPY --from=busybox-rootfs / /\n';

/** A root to start from, and a store that has it as a stage already: made once for each file of tests. */
interface Template {
  readonly rootfs: string;
  readonly store: string;
}

/** Tests one thing with whole builds, on both rungs; `serial` for what looks at the whole machine. */
export function onBothRungs(
  title: string,
  body: (t: ExecutionContext, bench: RunBench) => Promise<void>,
  { serial = false } = {},
): void {
  for (const rung of ['oci', 'namespaces'] as const) onRung(rung, title, body, { serial });
}

/** The same on one rung. */
export function onRung(
  rung: Rung,
  title: string,
  body: (t: ExecutionContext, bench: RunBench) => Promise<void>,
  { serial = false } = {},
): void {
  (serial ? test.serial : test)(`${rung}: ${title}`, async (t) => {
    const reason = cannotRun();
    if (reason) {
      notRun(t, reason);
      return;
    }
    await body(t, runBench(t, rung, await template()));
  });
}

const removals: (() => void)[] = [];
let made: Promise<Template> | undefined;
test.after.always(() => {
  for (const remove of removals) remove();
});

function template(): Promise<Template> {
  made ??= makeTemplate();
  return made;
}

async function makeTemplate(): Promise<Template> {
  const bench = buildBench({ teardown: (remove) => void removals.push(remove) });
  const rootfs = bench.directory('rootfs', {});
  await makeBusyboxRoot(rootfs);
  await bench.build(BASE, bench.directory('context', {}), options(rootfs, 'auto'));
  return { rootfs, store: join(bench.path, 'store') };
}

function options(rootfs: string, isolation: 'auto' | Rung): BuildOptions {
  return {
    isolation,
    compression: 'none',
    namedContexts: new Map([['busybox-rootfs', { kind: 'directory', path: rootfs }]]),
  };
}

function runBench(t: ExecutionContext, isolation: Rung, { rootfs, store }: Template): RunBench {
  const bench = buildBench(t);
  cpSync(store, join(bench.path, 'store'), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  const context = bench.directory('context', {});
  const run: RunBench['run'] = async (dockerfile, { namedContexts, inspect, ...more } = {}) => {
    let layer: string[] = [];
    const base = options(rootfs, isolation);
    const built = await bench.build(BASE + dockerfile, context, {
      ...base,
      namedContexts: new Map([...(base.namedContexts ?? []), ...(namedContexts ?? [])]),
      async inspect(image, services, result) {
        const [top] = await services.files.lower(image.layers);
        layer = listAll(top!);
        await inspect?.(image, services, result);
      },
      ...more,
    });
    const output = (stream: string): string =>
      built.events
        .flatMap((event) =>
          event.type === 'step-log' && event.stream === stream ? [event.data.toString('latin1')] : [],
        )
        .join('');
    const config = built.image.config.value.config ?? {};
    return { ...built, stdout: output('stdout'), stderr: output('stderr'), layer, config };
  };
  return {
    ...bench,
    context,
    run,
    async fail(dockerfile, options) {
      const error = await t.throwsAsync(run(dockerfile, options));
      if (!(error instanceof VarveError)) throw error ?? new Error('it did not fail');
      return error;
    },
  };
}
