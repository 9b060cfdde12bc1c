import type { BuildRecord } from '../../build/explain/build-record.ts';
import type { BuildReport } from '../../build/report/build-report.ts';
import { explainedLines } from '../print-explanation.ts';
import { seconds } from '../progress/texts.ts';
import { formatBytes } from '../sizes.ts';
import { type Html, html } from './html.ts';
import { imageSection } from './image-section.ts';
import { page, table, tiles } from './page.ts';

type Step = BuildRecord['steps'][number];

const STATUS: Readonly<Record<Step['status'], string>> = {
  hit: 'cached',
  miss: 'done',
  failed: 'failed',
  'not-run': 'not needed',
};

/** The page about one build. */
export function buildPage(report: BuildReport): string {
  const { build, images } = report;
  const title = `Build ${build.id} of ${build.name}`;
  return page(title, [
    html`<h1>${title}</h1>
<p class="soft">${build.dockerfile}, target ${build.target}, started ${build.started}, ${build.result === 'done' ? 'done' : 'failed'}</p>
${summary(report)}
${timeline(report)}
${comparison(report)}
${images.map((image) => imageSection(image))}`,
  ]);
}

function summary({ build, previous }: BuildReport): Html {
  const saved = ofStatus(build, 'hit').reduce((sum, { result }) => sum + (result?.durationMs ?? 0), 0);
  const hits = ofStatus(build, 'hit').length;
  const ran = build.steps.filter(({ status }) => status !== 'not-run').length;
  const layers = build.images?.map(({ platform, layers: all }) => `${formatBytes(sizeOf(all))} (${platform})`);
  return tiles([
    [
      'Took',
      seconds(build.durationMs),
      previous && `${change(build.durationMs, previous.durationMs, seconds)}, compared with ${previous.id}`,
    ],
    ['Hit rate', ran ? `${Math.round((hits / ran) * 100)}%` : '–', `${hits} of ${ran} steps`],
    ['The cache saved', seconds(saved), 'what making the hits had taken'],
    ['Received', formatBytes(build.spent?.received ?? 0), `${build.spent?.requests ?? 0} requests`],
    ['Sent', formatBytes(build.spent?.sent ?? 0)],
    ['Image', layers?.join(', ') ?? 'none', 'compressed layers'],
  ]);
}

function timeline({ build, critical, explanation }: BuildReport): Html {
  const end = Math.max(1, ...build.steps.map(({ time }) => (time ? time.startMs + time.durationMs : 0)));
  const columns = [
    { title: 'Step' },
    { title: 'Instruction', isCode: true },
    { title: 'Result' },
    { title: 'Took', isNumber: true },
    { title: 'When' },
  ];
  const length = critical.reduce(
    (sum, id) => sum + (build.steps.find((step) => step.id === id)?.time?.durationMs ?? 0),
    0,
  );
  const stages = Map.groupBy(build.steps, ({ stage }) => stage);
  return html`<h2>Steps</h2>
<p>The critical path, <strong class="critical">★</strong>, is what the build waited for: ${seconds(length)} in ${critical.length} steps. Nothing else makes it shorter.</p>
${[...stages].map(([stage, steps]) =>
  table(
    `Stage ${stage}`,
    columns,
    steps.map((step) => {
      const isCritical = critical.includes(step.id);
      const why = explanation.steps.find(({ id }) => id === step.id);
      return [
        html`${step.id}${isCritical ? html` <strong class="critical" title="critical path">★<span class="skip"> critical path</span></strong>` : ''}`,
        html`<details><summary>${step.title}</summary><pre>${why ? explainedLines(why).join('\n') : ''}</pre></details>`,
        html`<strong class="${step.status}">${STATUS[step.status]}</strong>`,
        step.time ? seconds(step.time.durationMs) : '',
        bar(step, end, isCritical),
      ];
    }),
  ),
)}`;
}

function bar({ time, status }: Step, end: number, isCritical: boolean): Html | '' {
  if (!time) return '';
  const left = ((time.startMs / end) * 100).toFixed(2);
  const width = ((time.durationMs / end) * 100).toFixed(2);
  const text = `from ${seconds(time.startMs)} to ${seconds(time.startMs + time.durationMs)}`;
  return html`<div class="track ${status}" role="img" aria-label="${text}" title="${text}"><span class="${isCritical ? 'critical-bar' : ''}" style="left:${left}%;width:${width}%"></span></div>`;
}

function comparison({ build, previous }: BuildReport): Html | '' {
  if (!previous)
    return html`<h2>Compared with the build before</h2><p>The store knows no earlier build of this name and Dockerfile.</p>`;
  const hits = (of: BuildRecord) => ofStatus(of, 'hit').length;
  const size = (of: BuildRecord) => (of.images ?? []).reduce((sum, { layers }) => sum + sizeOf(layers), 0);
  const plain = (value: number): string => String(value);
  const figures: readonly (readonly [string, number, number, (value: number) => string])[] = [
    ['Time', build.durationMs, previous.durationMs, seconds],
    ['Steps that hit', hits(build), hits(previous), plain],
    ['Steps that ran', ofStatus(build, 'miss').length, ofStatus(previous, 'miss').length, plain],
    ['Layers, compressed', size(build), size(previous), formatBytes],
    ['Received', build.spent?.received ?? 0, previous.spent?.received ?? 0, formatBytes],
    ['Sent', build.spent?.sent ?? 0, previous.spent?.sent ?? 0, formatBytes],
  ];
  const before = new Map(previous.steps.map((step) => [`${step.stage} ${step.ordinal}`, step]));
  const changed = build.steps.flatMap((step) => {
    const old = before.get(`${step.stage} ${step.ordinal}`);
    if (old && old.result?.layer === step.result?.layer) return [];
    const now = step.result ? formatBytes(step.result.size) : '';
    return [
      [
        step.id,
        step.title,
        STATUS[step.status],
        old ? STATUS[old.status] : 'new',
        now,
        old?.result ? formatBytes(old.result.size) : '',
      ],
    ];
  });
  return html`<h2>Compared with the build before</h2>
${table(
  `Build ${previous.id}, ${previous.started}, and this one`,
  [
    { title: 'Figure' },
    { title: 'Now', isNumber: true },
    { title: 'Before', isNumber: true },
    { title: 'Change', isNumber: true },
  ],
  figures.map(([name, now, old, form]) => [name, form(now), form(old), change(now, old, form)]),
)}
${
  changed.length
    ? table(
        'Steps whose layer is another one',
        [
          { title: 'Step' },
          { title: 'Instruction', isCode: true },
          { title: 'Now' },
          { title: 'Before' },
          { title: 'Layer now', isNumber: true },
          { title: 'Layer before', isNumber: true },
        ],
        changed,
      )
    : html`<p>Every step came out as before: no layer is another one.</p>`
}`;
}

function ofStatus({ steps }: BuildRecord, status: Step['status']): readonly Step[] {
  return steps.filter((step) => step.status === status);
}

function sizeOf(layers: readonly { readonly size: number }[]): number {
  return layers.reduce((sum, { size }) => sum + size, 0);
}

function change(now: number, before: number, form: (value: number) => string): string {
  const difference = now - before;
  return difference === 0 ? 'as before' : `${difference > 0 ? '+' : '−'}${form(Math.abs(difference))}`;
}
