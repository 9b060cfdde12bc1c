import type { BuildRecord } from '../build/explain/build-record.ts';
import { FILE_CHANGE_KINDS, type FileChanges } from '../build/explain/compare-files.ts';
import type { Cause, Explanation, StepExplanation } from '../build/explain/explain-build.ts';
import { printable } from './printable.ts';
import { formatBytes } from './sizes.ts';
import { textTable } from './text-table.ts';

/** Names of files that are printed of each kind; the rest is counted. */
const NAMES_PRINTED = 10;

/** An explanation as people read it: a paragraph for each step. */
export function explanationText(explanation: Explanation): string {
  const { id, started, durationMs, result, name, steps } = explanation;
  const head = `build ${id} of ${name}, ${started}, ${seconds(durationMs)}, ${result}`;
  return `${[head, ...steps.map(stepText)].join('\n')}\n`;
}

/** Builds as a table, newest first. */
export function buildsText(builds: readonly BuildRecord[]): string {
  const rows = builds.map(({ id, started, durationMs, result, name, dockerfile, target, steps }) => {
    const count = (status: string): string => String(steps.filter((step) => step.status === status).length);
    const cells = [id, started, seconds(durationMs), result, name, dockerfile, target];
    return [...cells, count('hit'), count('miss')];
  });
  const head = ['BUILD', 'STARTED', 'TOOK', 'RESULT', 'NAME', 'DOCKERFILE', 'TARGET', 'HITS', 'MISSES'];
  return textTable([head, ...rows], [2, 7, 8]);
}

function stepText(step: StepExplanation): string {
  return [`${step.id} [${step.stage}] ${step.title}`, ...indented(explainedLines(step).join('\n'))]
    .map(printable)
    .join('\n');
}

/** Why a step missed, or would. */
export function explainedCauses(step: StepExplanation): string[] {
  return step.causes.flatMap((cause) => causeLines(cause, step)).map(printable);
}

/** How a step came out and why, without its name. */
export function explainedLines(step: StepExplanation): string[] {
  const lines = step.causes.flatMap((cause) => causeLines(cause, step));
  const compared = step.compared
    ? [
        `compared with step ${step.compared.step} of build ${step.compared.build}, ${step.compared.started}` +
          (step.compared.from === undefined ? '' : `, as ${step.compared.from} has it`),
      ]
    : [];
  return [verdict(step), ...lines, ...compared];
}

function verdict({ status, by, from, result }: StepExplanation): string {
  const cost = result ? `${seconds(result.durationMs)}, layer ${formatBytes(result.size)}` : '';
  switch (status) {
    case 'hit':
      return `hit by ${by === 'content-key' ? 'content' : 'step'} key, from ${from ?? 'this store'}: saved ${cost}`;
    case 'miss':
      return `miss: cost ${cost}`;
    case 'failed':
      return 'miss, and it failed';
    case 'not-run':
      return 'not run: nothing needed its files';
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)}s`;
}

const REFUSED = {
  'no-cache': '--no-cache: no earlier result is looked for',
  'no-cache-filter': '--no-cache-filter: no earlier result of its stage is looked for',
  'layer-gone': 'a record is there, but its layer is gone',
  'too-old': 'a record is there, but it is older than --cache-ttl',
  'wrong-signature': 'a record is there, but it is not signed by --cache-key',
  damaged: 'a record is there, but it is damaged or of another version',
  unreachable: 'a cache could not be asked',
  'other-parent': 'a record is there, but it was made on other files than those that are here now',
  'record-gone': 'it was built before, but no record of it is in the store or in a cache',
  'failed-before': 'it failed the last time, too: there is no record of it',
  'inputs-gone': 'it was built before, but what it was made of then is not kept: too long ago, or too many files',
  new: 'nothing like it is known to have been built',
  'no-history': 'no earlier build is known, neither in this store nor by a cache, so what changed cannot be said',
  format: 'all is as it was, but another version of varve computed its key',
} as const;

function causeLines(cause: Cause, { status }: StepExplanation): string[] {
  switch (cause.kind) {
    case 'argument':
    case 'environment':
      return [change(`${cause.kind === 'argument' ? 'ARG' : 'ENV'} ${cause.name}`, cause)];
    case 'option':
    case 'mount':
      return [change(cause.kind === 'mount' ? `mount ${cause.name}` : cause.name, cause)];
    case 'base':
    case 'source-image':
      return [change(cause.kind === 'base' ? 'base' : 'the image that it reads from', cause)];
    case 'instruction':
      return ['the command changed:', ...indented(cause.diff)];
    case 'heredoc':
      return [`heredoc ${cause.name} changed:`, ...indented(cause.diff)];
    case 'files':
      return fileLines(cause.name, cause.files);
    case 'order':
      return [`the order of ${cause.name} changed`];
    case 'step':
    case 'source': {
      const what = `step ${cause.step} ${cause.kind === 'step' ? 'above' : 'that it reads from'}`;
      const ran = cause.ran ? 'ran again' : 'is another one than before';
      return [
        `${what} ${ran} and came out ${status === 'hit' ? 'the same' : 'different'}: ${cause.title}`,
        ...(cause.files ? fileLines(cause.kind, cause.files).map((line) => `    ${line}`) : []),
      ];
    }
    default:
      return [REFUSED[cause.kind]];
  }
}

function change(what: string, { before, after }: { readonly before?: string; readonly after?: string }): string {
  if (before === undefined) return `${what} is new: ${shown(after ?? '')}`;
  if (after === undefined) return `${what} is gone: it was ${shown(before)}`;
  return `${what} changed: ${shown(before)} → ${shown(after)}`;
}

function shown(value: string): string {
  return value === '' ? '(empty)' : value;
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `    ${line}`);
}

const FILES = {
  added: 'added',
  removed: 'removed',
  content: 'with other content',
  mode: 'with another mode',
  owner: 'with another owner',
  type: 'of another type',
  attributes: 'with other attributes',
} as const;

function fileLines(name: string, files: FileChanges): string[] {
  return FILE_CHANGE_KINDS.flatMap((kind) => {
    const { count, names } = files[kind];
    if (count === 0) return [];
    const printed = names.slice(0, NAMES_PRINTED);
    const more = count > printed.length ? `, and ${count - printed.length} more` : '';
    const where = name === 'mount' ? ' in a mount' : '';
    return [`${count} ${count === 1 ? 'file' : 'files'} ${FILES[kind]}${where}: ${printed.join(', ')}${more}`];
  });
}
