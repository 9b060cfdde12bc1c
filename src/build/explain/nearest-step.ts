import type { BuildRecord, RecordedStep } from './build-record.ts';
import type { InputChange } from './compare-inputs.ts';

/** A step of an earlier build that another one may be compared with. */
export interface Earlier {
  readonly build: BuildRecord;
  readonly step: RecordedStep;
  readonly isSameSlot: boolean;
  readonly isSameOwner: boolean;
}

/** From here on two steps in different slots have nothing to do with each other. */
const UNLIKE = 3;

/** Earlier steps of the same kind, newest first, those of the same owner before others; each key once. */
export function* earlierSteps(
  step: RecordedStep,
  build: BuildRecord,
  earlier: readonly BuildRecord[],
): Generator<Earlier> {
  const isSameOwner = ({ name, dockerfile }: BuildRecord) => name === build.name && dockerfile === build.dockerfile;
  const sorted = [...earlier.filter(isSameOwner), ...earlier.filter((other) => !isSameOwner(other))];
  // What another step of this build is, this one is not, although it may stand in that one's old slot.
  const taken = new Set(build.steps.flatMap(({ stage, title }) => (title === step.title ? [] : [`${stage} ${title}`])));
  const seen = new Set<string>();
  for (const other of sorted) {
    for (const old of other.steps) {
      const id = `${old.key} ${old.stage} ${old.ordinal}`;
      const isSameKey = old.key === step.key;
      if (old.kind !== step.kind || seen.has(id) || (isSameKey && old.status === 'not-run')) continue;
      if (!isSameKey && taken.has(`${old.stage} ${old.title}`)) continue;
      seen.add(id);
      const isSameSlot = old.stage === step.stage && old.ordinal === step.ordinal;
      yield { build: other, step: old, isSameOwner: isSameOwner(other), isSameSlot: isSameSlot && isSameOwner(other) };
    }
  }
}

/** How far an earlier step is from another one, 0 for the same in the same place; undefined when it is unlike it. */
export function likeness(
  step: RecordedStep,
  { step: old, isSameSlot, isSameOwner }: Earlier,
  changes: readonly InputChange[],
): number | undefined {
  if (old.key === step.key) return 0;
  let distance = (isSameSlot ? 0 : 1) + (isSameOwner ? 0 : 1) + (old.parent.key === step.parent.key ? 0 : 0.5);
  for (const change of changes) distance += change.kind === 'instruction' ? 1 + 2 * difference(change.diff) : 1;
  const isLike = isSameSlot || old.title === step.title || distance < UNLIKE;
  return isLike ? distance : undefined;
}

/** How much of two texts differs, 0 to 1, by their words. */
function difference(diff: string): number {
  const words = (sign: string): Set<string> =>
    new Set(
      diff
        .split('\n')
        .filter((line) => line.startsWith(sign))
        .flatMap((line) => line.slice(1).split(/\s+/).filter(Boolean)),
    );
  const [before, after] = [words('-'), words('+')];
  const all = new Set([...before, ...after]);
  const common = [...before].filter((word) => after.has(word)).length;
  return all.size === 0 ? 0 : 1 - common / all.size;
}
