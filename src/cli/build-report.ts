import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import type { BuildRecord } from '../build/explain/build-record.ts';
import { explainBuild } from '../build/explain/explain-build.ts';
import { buildMetrics } from '../build/explain/metrics.ts';
import { prometheusText } from '../build/explain/prometheus-text.ts';
import type { Output } from '../build/output/output.ts';
import type { Services } from '../build/services.ts';
import { VarveError } from '../errors.ts';
import { explanationText } from './print-explanation.ts';
import type { ProgressMode } from './progress/render-progress.ts';

/** What is told of a build when it has ended. */
export interface ReportFlags {
  readonly quiet?: boolean;
  readonly explain?: 'text' | 'json';
  readonly report?: string;
  readonly metricsFile?: string;
  readonly metricsFormat?: 'json' | 'prometheus';
}

/** Adds the flags of {@link ReportFlags}. */
export function addReportFlags(command: Command): Command {
  return command
    .option('-q, --quiet', 'show no progress, and print the digest that --iidfile has')
    .addOption(
      new Option(
        '--explain [format]',
        'say on standard output why each step was a hit or a miss; --explain=json as JSON',
      ).choices(['text', 'json']),
    )
    .option(
      '--report <path>',
      'write a page about the build there (HTML), also when it fails; varve report does so afterwards',
    )
    .option('--metrics-file <path>', 'write hits, misses, reasons and what they cost there, also when the build fails')
    .addOption(
      new Option(
        '--metrics-format <format>',
        'the form of that file (default: prometheus for .prom, else json)',
      ).choices(['json', 'prometheus']),
    );
}

/** @throws VarveError `USAGE` for flags that don't go together */
export function checkReportFlags(
  flags: ReportFlags & { readonly progress?: ProgressMode },
  outputs: readonly Output[],
): void {
  const { quiet, progress, explain, metricsFile, metricsFormat } = flags;
  if (metricsFormat !== undefined && metricsFile === undefined)
    throw new VarveError('USAGE', '--metrics-format needs a --metrics-file', { exitCode: 2 });
  if (quiet && progress !== undefined && progress !== 'quiet')
    throw new VarveError('USAGE', `--quiet and --progress ${progress} don't go together`, { exitCode: 2 });
  const writers = [
    ...(outputs.some((output) => 'dest' in output && output.dest === '-') ? ['--output -'] : []),
    ...(explain === undefined ? [] : ['--explain']),
    ...(quiet ? ['--quiet'] : []),
  ];
  if (writers.length > 1)
    throw new VarveError('USAGE', `${writers.join(' and ')} both write to standard output`, {
      hint: 'varve explain says why steps missed, --iidfile keeps the digest',
      exitCode: 2,
    });
}

/** Says what the flags ask for about a build that is in the history. */
export async function reportBuild(
  build: BuildRecord,
  { explain, report, metricsFile, metricsFormat }: ReportFlags,
  services: Pick<Services, 'history' | 'meter' | 'cache' | 'trees' | 'records'>,
  out: NodeJS.WritableStream,
): Promise<void> {
  if (explain === undefined && metricsFile === undefined && report === undefined) return;
  const { history, meter, cache } = services;
  const builds = await history.builds();
  const explanation = await explainBuild(build, builds, history);
  if (explain === 'text') out.write(explanationText(explanation));
  if (explain === 'json') out.write(`${JSON.stringify(explanation, undefined, 2)}\n`);
  if (report !== undefined) {
    // Few builds want it, and it brings charts.
    const { writeReport } = await import('./report/write-report.ts');
    await writeReport(report, build, builds, services);
  }
  if (metricsFile === undefined) return;
  const metrics = buildMetrics(explanation, meter, cache?.from.length ?? 0);
  const form = metricsFormat ?? (metricsFile.endsWith('.prom') ? 'prometheus' : 'json');
  await writeFile(
    metricsFile,
    form === 'json' ? `${JSON.stringify(metrics, undefined, 2)}\n` : prometheusText(metrics),
  );
}
