import type { BuildRecord } from '../build/explain/build-record.ts';
import { oneLine } from './progress/clean-output.ts';
import { seconds } from './progress/texts.ts';
import { formatBytes } from './sizes.ts';
import { textTable } from './text-table.ts';

/** A build as people read it: what it was, a row for each step, what it gave. */
export function buildText(build: BuildRecord): string {
  const { id, started, durationMs, result, name, dockerfile, target, spent } = build;
  const head = [
    ['build', id],
    ['of', `${name}, ${dockerfile}, target ${target}`],
    ['started', `${started}, took ${seconds(durationMs)}, ${result}`],
    ...(spent
      ? [
          [
            'registries',
            `${spent.requests} requests, ${formatBytes(spent.received)} received, ${formatBytes(spent.sent)} sent`,
          ],
        ]
      : []),
    ...(build.images ?? []).map(({ platform, digest, layers }) => {
      const size = layers.reduce((total, layer) => total + layer.size, 0);
      return ['image', `${digest} (${platform}, ${layers.length} layers, ${formatBytes(size)})`];
    }),
  ];
  const rows = build.steps.map((step) => [
    step.id,
    step.status,
    step.time ? seconds(step.time.durationMs) : '',
    step.result ? formatBytes(step.result.size) : '',
    oneLine(step.stage),
    oneLine(step.title),
  ]);
  return `${textTable(head.map((row) => row.map(oneLine)))}\n${textTable([['STEP', 'STATUS', 'TOOK', 'LAYER', 'STAGE', 'INSTRUCTION'], ...rows], [2, 3])}`;
}
