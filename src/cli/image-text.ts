import type { FileLine } from '../build/images/file-line.ts';
import type { ImageReport } from '../build/images/inspect-image.ts';
import { printable } from './printable.ts';
import { formatBytes } from './sizes.ts';
import { textTable } from './text-table.ts';

/** An image for people. */
export function imageText(report: ImageReport): string {
  const { config, annotations, history, layers } = report;
  const head = [
    ['Name', report.name],
    ['Digest', report.digest],
    ['Type', report.mediaType],
    ['Image ID', report.imageId],
    ['Platform', report.platform],
    ...(report.created === undefined ? [] : [['Created', report.created]]),
    ['Size', `${formatBytes(report.size)} in ${layers.length} layers`],
    ...Object.entries(annotations).map(([key, value]) => ['Annotation', `${key}=${value}`]),
    ...Object.entries(config).flatMap(([key, value]) => configRows(key, value)),
  ];
  const rows = history.map(({ createdBy, layer }) => {
    const found = layer === undefined ? undefined : layers[layer];
    return [
      found?.digest.slice(7, 19) ?? '',
      found ? formatBytes(found.size) : '',
      found?.compression ?? '',
      createdBy,
    ];
  });
  const untold = layers.slice(history.filter(({ layer }) => layer !== undefined).length);
  const more = untold.map(({ digest, size, compression }) => [digest.slice(7, 19), formatBytes(size), compression, '']);
  const files = layers.flatMap(({ digest, files: list }) => (list ? [`\nLayer ${digest}\n${filesText(list)}`] : []));
  return `${table(head)}\n${table([['LAYER', 'SIZE', 'FORM', 'CREATED BY'], ...rows, ...more], [1])}${files.join('')}`;
}

function table(rows: readonly (readonly string[])[], right?: readonly number[]): string {
  return textTable(
    rows.map((row) => row.map(printable)),
    right,
  );
}

function configRows(key: string, value: unknown): string[][] {
  if (value === undefined || value === null || value === '') return [];
  if (Array.isArray(value) && ['Entrypoint', 'Cmd', 'Shell'].includes(key)) return [[key, JSON.stringify(value)]];
  if (Array.isArray(value)) return value.map((each) => [key, String(each)]);
  if (typeof value !== 'object') return [[key, String(value)]];
  const isSet = Object.values(value).every((each) => typeof each === 'object' && each !== null && !Array.isArray(each));
  if (isSet) return Object.keys(value).map((each) => [key, each]);
  return Object.entries(value).map(([name, each]) => [
    key,
    `${name}=${typeof each === 'string' ? each : JSON.stringify(each)}`,
  ]);
}

function filesText(files: readonly FileLine[]): string {
  return table(
    files.map(({ kind, mode = '', owner = '', size, path, target, device }) => [
      kind,
      mode,
      owner,
      size === undefined ? (device ?? '') : String(size),
      target === undefined ? path : `${path} -> ${target}`,
    ]),
    [3],
  );
}
