import type { Metrics } from './metrics.ts';

/** A sample: labels, value. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/**
 * Metrics in Prometheus' text form, for a node exporter's directory or a push gateway.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function prometheusText(metrics: Metrics): string {
  const { total, steps, name, dockerfile, target } = metrics;
  const build = { name, dockerfile, target };
  const gauge = (metric: string, help: string, samples: readonly Sample[]): string =>
    [
      `# HELP varve_${metric} ${help}`,
      `# TYPE varve_${metric} gauge`,
      ...samples.map(([labels, value]) => `varve_${metric}{${formatLabels({ ...build, ...labels })}} ${value}`),
      '',
    ].join('\n');
  const by = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(values).map(([key, value]) => [{ [label]: key }, value]);
  const { hits, misses, failed, notRun, bytes, requests } = total;
  return [
    gauge('build_success', 'Whether the build ended well.', [[{}, metrics.result === 'done' ? 1 : 0]]),
    gauge('build_start_timestamp_seconds', 'When it began.', [[{}, Date.parse(metrics.started) / 1000]]),
    gauge('build_duration_seconds', 'How long the steps took altogether.', [[{}, metrics.durationMs / 1000]]),
    gauge(
      'build_steps',
      'Steps by how they came out.',
      by('status', { hit: hits, miss: misses, failed, 'not-run': notRun }),
    ),
    gauge('build_content_hits', 'Hits by what the inputs came out to.', [[{}, total.hitsByContentKey]]),
    gauge('build_hits', 'Hits by the cache that they were found in.', by('from', total.hitsFrom)),
    gauge('build_misses', 'Misses by each kind of cause that they had.', by('reason', total.reasons)),
    gauge('build_saved_seconds', 'What hits took when they were made.', [[{}, total.savedMs / 1000]]),
    gauge('build_spent_seconds', 'What misses took.', [[{}, total.spentMs / 1000]]),
    gauge('build_bytes', 'Bytes of layers saved and made, of blobs received and sent.', by('kind', bytes)),
    gauge('build_requests', 'Requests to registries and caches.', by('kind', requests)),
    gauge(
      'build_step_seconds',
      'What each step took, or saved.',
      steps.map(
        (step): Sample => [
          { step: step.id, stage: step.stage, status: step.status, reason: step.reasons.join(',') },
          (step.savedMs + step.spentMs) / 1000,
        ],
      ),
    ),
  ].join('');
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`)
    .join(',');
}
