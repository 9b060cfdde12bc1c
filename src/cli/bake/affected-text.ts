import type { StepExplanation } from '../../build/explain/explain-build.ts';
import type { ForeseenTarget } from '../../build/foresee-many.ts';
import { explainedCauses } from '../print-explanation.ts';

/** How --affected tells what it found. */
export const AFFECTED_FORMS = ['text', 'json'] as const;
export type AffectedForm = (typeof AFFECTED_FORMS)[number];

/** A line for each target; below one that would change the steps that would run first, and why. */
export function affectedText(targets: ReadonlyMap<string, ForeseenTarget>): string {
  const lines = [...targets].flatMap(([name, target]) => [
    `${name}: ${headline(target)}`,
    ...firstDue(target).flatMap((step) => [
      `    ${step.id} [${step.stage}] ${step.title}`,
      ...explainedCauses(step).map((line) => `        ${line}`),
    ]),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}

/** The same for programs: for each target its status and the steps that would run, with explain's causes. */
export function affectedJson(targets: ReadonlyMap<string, ForeseenTarget>): string {
  const target = Object.fromEntries(
    [...targets].map(([name, found]) => [
      name,
      {
        status: found.status,
        ...('because' in found ? { because: found.because } : {}),
        steps: dueSteps(found).map(({ id, stage, title, line, key, causes }) => ({
          id,
          stage,
          title,
          line,
          key,
          causes,
        })),
      },
    ]),
  );
  return `${JSON.stringify({ target }, null, 2)}\n`;
}

function headline(target: ForeseenTarget): string {
  if ('because' in target) return `changed: ${target.because}`;
  const due = dueSteps(target).length;
  switch (target.status) {
    case 'changed':
      return `changed: ${due} ${due === 1 ? 'step' : 'steps'} would run`;
    case 'config':
      return 'changed: no step would run, but its configuration or its base is another one';
    case 'new':
      return 'every step is cached; no earlier build of it is known';
    case 'unchanged':
      return 'unchanged';
  }
}

function dueSteps(target: ForeseenTarget): readonly StepExplanation[] {
  return 'because' in target ? [] : target.explanation.steps.filter(({ status }) => status === 'miss');
}

/** Those that would not run only because of what they stand on, or read from. */
function firstDue(target: ForeseenTarget): StepExplanation[] {
  const due = dueSteps(target);
  return due.filter(({ causes }) => causes.some(({ kind }) => kind !== 'step' && kind !== 'source'));
}
