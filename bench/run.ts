// node bench/run.ts [SCENARIO…] [--runs N] [--json FILE] [--against buildah]: see bench/README.md.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { onInterrupt } from '../scripts/interrupt.ts';
import { startLocalRegistry } from '../scripts/local-registry.ts';
import { temporaryDirectory } from '../scripts/temporary-directory.ts';
import { buildah } from './buildah.ts';
import { cached10 } from './cached10.ts';
import { copy20k } from './copy20k.ts';
import { freshDisk } from './disk.ts';
import { type Figure, formatFigures, type Phases } from './figures.ts';
import { measure } from './measure.ts';
import { memory } from './memory.ts';
import { monorepo } from './monorepo.ts';
import { plainWalk } from './plain-walk.ts';
import { pull100k } from './pull100k.ts';
import { formatTable, type Series, thisMachine } from './report.ts';
import { runStart } from './run-start.ts';
import type { Bench, Scenario } from './scenario.ts';
import { touch10 } from './touch10.ts';
import { transfer1g } from './transfer1g.ts';
import { varve } from './varve.ts';

const SCENARIOS: readonly Scenario[] = [
  touch10(),
  runStart(),
  copy20k(),
  cached10(),
  pull100k(),
  memory(),
  transfer1g(),
  plainWalk(),
  monorepo('bake'),
  monorepo('one-by-one'),
];

async function runAll(chosen: readonly Scenario[], options: Options, signal: AbortSignal): Promise<void> {
  using disk = await freshDisk();
  using scratch = temporaryDirectory('varve-bench-scratch');
  await using registry = await startLocalRegistry();
  const builders = [varve(registry.host), ...(options.against === undefined ? [] : [buildah()])];
  const versions: Record<string, string> = {};
  for (const builder of builders) versions[builder.name] = await builder.version();
  const bench: Bench = {
    disk: disk.path,
    registry: registry.host,
    builders,
    measure: (command) => measure(command, scratch.path, signal),
  };
  const series: Series[] = [];
  const figures: Figure[] = [];
  for (const scenario of chosen) {
    console.error(`${scenario.name}: ${scenario.what}`);
    const own = scenario.builders;
    const chosenBuilders = own ? builders.filter(({ name }) => own.includes(name)) : builders;
    const result = await runScenario(scenario, { ...bench, builders: chosenBuilders }, options.runs);
    series.push(...result.series);
    figures.push(...result.figures);
  }
  console.log(formatTable(series));
  for (const line of formatFigures(figures)) console.log(line);
  if (options.json !== undefined) {
    const result = { machine: thisMachine(), disk: disk.description, versions, series, figures };
    writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  }
}

/** Rounds go A B A B, so that what changes on the machine in between changes for all builders. */
async function runScenario(scenario: Scenario, bench: Bench, count: number) {
  await scenario.prepare(bench);
  const rounds = new Map<string, Phases[]>(bench.builders.map(({ name }) => [name, []]));
  for (let round = 0; round < count; round++) {
    for (const builder of bench.builders) {
      const costs = await scenario.run(bench, builder, round);
      rounds.get(builder.name)!.push(costs);
      for (const [phase, cost] of Object.entries(costs))
        console.error(`  round ${round + 1}, ${builder.name}, ${phase}: ${cost.wallSeconds.toFixed(2)} s`);
    }
  }
  const [first] = rounds.values();
  const series = Object.keys(first?.[0] ?? {}).flatMap((phase) =>
    [...rounds].map(([builder, all]): Series => {
      return { scenario: scenario.name, phase, builder, runs: all.map((costs) => costs[phase]!) };
    }),
  );
  return { series, figures: scenario.figures(rounds) };
}

interface Options {
  readonly runs: number;
  readonly json: string | undefined;
  readonly against: 'buildah' | undefined;
}

function readArguments(): { chosen: readonly Scenario[]; options: Options } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { runs: { type: 'string', default: '5' }, json: { type: 'string' }, against: { type: 'string' } },
  });
  const { runs, json, against } = values;
  const chosen = positionals.length === 0 ? SCENARIOS : positionals.map(scenarioNamed);
  if (!/^[1-9]\d*$/.test(runs)) throw new Error(`--runs takes a number from 1, not ${runs}`);
  if (against !== undefined && against !== 'buildah') throw new Error(`--against takes buildah, not ${against}`);
  return { chosen, options: { runs: Number(runs), json, against } };
}

function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (!found) throw new Error(`no scenario ${name}; there are ${SCENARIOS.map((one) => one.name).join(', ')}`);
  return found;
}

using interrupt = onInterrupt();
try {
  const { chosen, options } = readArguments();
  await runAll(chosen, options, interrupt.signal);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = interrupt.exitCode() ?? 1;
}
