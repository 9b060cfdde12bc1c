import type { Digest } from '../../oci/digest.ts';
import type { Input } from '../cache/step-key.ts';
import type { BuildRecord, RecordedParent, RecordedStep, Refusal } from './build-record.ts';
import { compareFiles, type FileChanges } from './compare-files.ts';
import { compareInputs, type InputChange } from './compare-inputs.ts';
import type { History } from './history.ts';
import { type Earlier, earlierSteps, likeness } from './nearest-step.ts';

/** Why a step was no hit, or what changed above one that was. */
export type Cause =
  | InputChange
  /** The image that it stands on, or reads from. */
  | { readonly kind: 'base' | 'source-image'; readonly before: string; readonly after: string }
  /** The step that it stands on, or reads from; `ran` says whether that one was done in this build. */
  | {
      readonly kind: 'step' | 'source';
      readonly step: string;
      readonly title: string;
      readonly ran: boolean;
      /** Of what COPY takes from it. */
      readonly files?: FileChanges;
    }
  | { readonly kind: Refusal }
  /** It was done before, and the store no longer has its record. */
  | { readonly kind: 'record-gone' | 'failed-before' }
  /** It stood there before, and what it was made of is not kept. */
  | { readonly kind: 'inputs-gone' }
  /** Nothing like it was ever built here; or nothing at all was. */
  | { readonly kind: 'new' | 'no-history' }
  /** All is as it was but for the key: another version of varve computed it. */
  | { readonly kind: 'format' };

export interface StepExplanation
  extends Pick<RecordedStep, 'id' | 'stage' | 'title' | 'line' | 'status' | 'by' | 'from' | 'key' | 'result'> {
  readonly causes: readonly Cause[];
  /** The earlier step that it was compared with. */
  readonly compared?: Compared;
}

export interface Compared {
  readonly build: string;
  readonly started: string;
  readonly step: string;
  /** The cache that told of a build of another machine. */
  readonly from?: string;
}

export interface Explanation extends Omit<BuildRecord, 'steps' | 'version'> {
  readonly steps: readonly StepExplanation[];
}

/**
 * Says of each step of a build why it was a hit or a miss, by comparing its inputs with those of earlier builds.
 * @param builds newest first, the build itself may be among them
 */
export async function explainBuild(
  build: BuildRecord,
  builds: readonly BuildRecord[],
  history: Pick<History, 'inputs' | 'taken' | 'sharedBuilds'>,
): Promise<Explanation> {
  const earlier = [...builds, ...(await history.sharedBuilds(build))]
    .filter(({ id, started }) => id !== build.id && started <= build.started)
    .sort((a, b) => (a.started < b.started ? 1 : a.started > b.started ? -1 : 0));
  const memo = new Map<Digest, Promise<readonly Input[] | undefined>>();
  const inputs = (key: Digest) => {
    const known = memo.get(key) ?? history.inputs(key);
    memo.set(key, known);
    return known;
  };
  const steps: StepExplanation[] = [];
  for (const step of build.steps) {
    const { id, stage, title, line, status, by, from, key, result } = step;
    const found = await causesOf(step, { build, earlier, inputs, taken: (list) => history.taken(list) });
    steps.push({
      ...{ id, stage, title, line, status, key },
      ...(by === undefined ? {} : { by }),
      ...(from === undefined ? {} : { from }),
      ...(result === undefined ? {} : { result }),
      ...found,
    });
  }
  const { steps: _, version: __, ...rest } = build;
  return { ...rest, steps };
}

interface Around {
  readonly build: BuildRecord;
  readonly earlier: readonly BuildRecord[];
  inputs(key: Digest): Promise<readonly Input[] | undefined>;
  taken: History['taken'];
}

type Found = Pick<StepExplanation, 'causes' | 'compared'>;

async function causesOf(step: RecordedStep, around: Around): Promise<Found> {
  const { status, by, refusal } = step;
  if (status === 'hit') return { causes: by === 'content-key' ? ranAbove(step, around.build) : [] };
  if (status === 'not-run') return { causes: [] };
  if (refusal === 'no-cache' || refusal === 'no-cache-filter') return { causes: [{ kind: refusal }] };
  const refused: Cause[] = refusal === undefined ? [] : [{ kind: refusal }];
  if (around.earlier.length === 0) return { causes: refused.length ? refused : [{ kind: 'no-history' }] };
  const nearest = await findNearest(step, around);
  if (!nearest) return { causes: refused.length ? refused : [{ kind: 'new' }] };
  if (nearest === 'inputs-gone') return { causes: refused.length ? refused : [{ kind: nearest }] };
  const { build, step: old, causes } = nearest;
  const from = build.from === undefined ? {} : { from: build.from };
  const compared = { build: build.id, started: build.started, step: old.id, ...from };
  if (old.key === step.key && refused.length === 0) {
    const kind = old.status === 'failed' ? 'failed-before' : 'record-gone';
    return { causes: causes.length ? causes : [{ kind }], compared };
  }
  return {
    causes: [...refused, ...(causes.length || refused.length ? causes : [{ kind: 'format' } as const])],
    compared,
  };
}

async function findNearest(
  step: RecordedStep,
  around: Around,
): Promise<(Earlier & { readonly causes: readonly Cause[] }) | 'inputs-gone' | undefined> {
  const { build, earlier, inputs } = around;
  const own = await inputs(step.key);
  if (!own) return undefined;
  let isForgotten = false;
  let best: (Earlier & { readonly changes: readonly InputChange[]; readonly distance: number }) | undefined;
  for (const candidate of earlierSteps(step, build, earlier)) {
    const theirs = await inputs(candidate.step.key);
    isForgotten ||= !theirs && candidate.isSameSlot;
    if (!theirs) continue;
    const names = new Set([...candidate.step.args, ...step.args]);
    const changes = compareInputs(theirs, own, names);
    const distance = likeness(step, candidate, changes);
    if (distance === undefined || (best && best.distance <= distance)) continue;
    best = { ...candidate, changes, distance };
  }
  if (!best) return isForgotten ? 'inputs-gone' : undefined;
  return { ...best, causes: [...best.changes, ...(await placeCauses(step, best, around))] };
}

/** What differs in where a step stands and what it reads from. */
async function placeCauses(
  step: RecordedStep,
  { step: old, build: then }: Earlier,
  { build, earlier, taken }: Around,
): Promise<Cause[]> {
  const causes: Cause[] = [];
  if (step.platform !== old.platform)
    causes.push({ kind: 'option', name: 'platform', before: old.platform, after: step.platform });
  if (!step.apart) causes.push(...parentCauses('step', [step.parent, build], [old.parent, then]));
  for (const [i, source] of step.sources.entries()) {
    const [list, oldList] = [step.taken?.[i] ?? undefined, takenThen(i, old, earlier)];
    // It came out different, but not in what this step takes.
    if (list !== undefined && list === oldList) continue;
    const found = parentCauses('source', [source, build], [old.sources[i], then]);
    const lines = await Promise.all([oldList, list].map((each) => each && taken(each)));
    const files = lines[0] && lines[1] && compareFiles(lines[0], lines[1]);
    causes.push(...found.map((cause) => (cause.kind === 'source' && files ? { ...cause, files } : cause)));
  }
  return causes;
}

/** What a step took from a source: in its own build, or else in the last one that knew. */
function takenThen(index: number, old: RecordedStep, earlier: readonly BuildRecord[]): Digest | undefined {
  const same = earlier.flatMap(({ steps }) => steps.filter(({ key }) => key === old.key));
  return [old, ...same].map(({ taken }) => taken?.[index]).find((list) => list !== undefined && list !== null);
}

type In = readonly [RecordedParent | undefined, BuildRecord];

function parentCauses(kind: 'step' | 'source', [now, build]: In, [old, then]: In): Cause[] {
  if (!now) return [];
  const [step, oldStep] = [stepOf(now, build), old && stepOf(old, then)];
  // A step that was done on nothing lies on what was there before it.
  const beneath = step?.apart ? parentCauses(kind, [step.parent, build], [oldStep?.parent, then]) : [];
  const [content, oldContent] = [step, oldStep].map((each) => each?.result?.tree.content);
  // What came out is what counts, where it is known.
  const isSame = content && oldContent ? content === oldContent : now.key === old?.key;
  if (isSame) return beneath;
  if (step) return [...beneath, { kind, step: step.id, title: step.title, ran: step.status !== 'hit' }];
  return [
    {
      kind: kind === 'step' ? 'base' : 'source-image',
      before: old ? nameOf(old, then) : 'nothing',
      after: nameOf(now, build),
    },
  ];
}

/** The nearest steps above one, and in what it reads from, that were done in this build. */
function ranAbove(step: RecordedStep, build: BuildRecord): Cause[] {
  const causes: Cause[] = [];
  for (const [i, from] of [step.parent, ...step.sources].entries()) {
    let above = stepOf(from, build);
    while (above && above.status !== 'miss') above = stepOf(above.parent, build);
    if (above) causes.push({ kind: i === 0 ? 'step' : 'source', step: above.id, title: above.title, ran: true });
  }
  return causes;
}

function stepOf({ step }: RecordedParent, { steps }: BuildRecord): RecordedStep | undefined {
  return step === undefined ? undefined : steps.find(({ id }) => id === step);
}

function nameOf(parent: RecordedParent, build: BuildRecord): string {
  if (parent.image) return `${parent.image.reference} (${parent.image.digest})`;
  const step = stepOf(parent, build);
  return step ? `step ${step.id} ${step.title}` : parent.key;
}
