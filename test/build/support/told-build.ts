import type { BuildRecord } from '../../../src/build/explain/build-record.ts';
import { type Explanation, explainBuild } from '../../../src/build/explain/explain-build.ts';
import { buildMetrics, type Metrics } from '../../../src/build/explain/metrics.ts';
import type { BuildBench, BuildOptions } from './build-bench.ts';

export interface Told {
  readonly record: BuildRecord;
  readonly explanation: Explanation;
  readonly metrics: Metrics;
}

/** A build, and what is told of it. */
export async function tell(
  bench: BuildBench,
  dockerfile: string,
  context: string,
  options: BuildOptions = {},
): Promise<Told> {
  let record: BuildRecord | undefined;
  let told: Told | undefined;
  await bench.build(dockerfile, context, {
    ...options,
    recorded: (build) => void (record = build),
    inspect: async (image, services, result) => {
      await options.inspect?.(image, services, result);
      const explanation = await explainBuild(record!, await services.history.builds(), services.history);
      told = {
        record: record!,
        explanation,
        metrics: buildMetrics(explanation, services.meter, services.cache?.from.length ?? 0),
      };
    },
  });
  return told!;
}

/** How each step came out, and the kinds of causes. */
export const kinds = ({ explanation }: Told) =>
  explanation.steps.map(({ status, by, causes }) => [status, by ?? '', ...causes.map(({ kind }) => kind)].join(' '));
