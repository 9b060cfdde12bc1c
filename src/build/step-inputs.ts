import { selectionDigestInput } from '../instructions/copy-key.ts';
import { selectFiles } from '../instructions/copy-select.ts';
import type { RunMount, RunStep, SourceRef, Step, TransferStep, WorkdirStep } from '../instructions/step.ts';
import { digestOf } from '../oci/digest.ts';
import type { Contexts } from './contexts.ts';
import type { Images } from './images.ts';
import { imageKey } from './layer-ref.ts';
import type { Input } from './step-key.ts';
import { type Transfers, UNRESOLVED_OWNER } from './transfers.ts';

/** Where the key of a stage's filesystem comes from. */
interface StepGraph {
  stage(index: number): Promise<{ readonly key: string }>;
}

/** A step's readable inputs, and the keys of the stages and images that it reads from besides its parent. */
export type StepInputs = (
  step: Step,
  graph: StepGraph,
) => Promise<{ readonly inputs: readonly Input[]; readonly sources: readonly string[] }>;

/** What each kind of step depends on (docs/cache-keys.md); nothing else decides a key. */
export function createStepInputs(deps: { contexts: Contexts; images: Images; transfers: Transfers }): StepInputs {
  return async (step, graph) => {
    switch (step.kind) {
      case 'run':
        return runInputs(step, graph, deps);
      case 'workdir':
        return { inputs: workdirInputs(step), sources: [] };
      default:
        return transferInputs(step, graph, deps);
    }
  };
}

type Deps = Parameters<typeof createStepInputs>[0];

function workdirInputs(step: WorkdirStep): Input[] {
  return [
    ['path', step.path],
    ['user', step.user],
  ];
}

async function runInputs(step: RunStep, graph: StepGraph, deps: Deps): ReturnType<StepInputs> {
  const inputs: Input[] = [
    ['argv', JSON.stringify(step.argv)],
    ['user', step.user],
    ['workdir', step.cwd],
    ['network', step.network],
    ['security', step.security],
    ['hostname', step.hostname],
    // As BuildKit: the address is none of the result's business.
    ...step.extraHosts.map(({ name }): Input => ['host', name]),
    ...step.rlimits.map(({ name, soft, hard }): Input => ['ulimit', `${name}=${soft ?? -1}:${hard ?? -1}`]),
    ...(step.shmSizeBytes === undefined ? [] : [['shm-size', String(step.shmSizeBytes)] as const]),
    ...step.env.map((entry): Input => ['env', entry]),
    ...step.pipes.map(({ name, content }): Input => ['heredoc', `${name}\n${content}`]),
  ];
  const sources: string[] = [];
  for (const mount of step.mounts) {
    inputs.push(['mount', JSON.stringify(mountDefinition(mount))]);
    const from = 'from' in mount ? mount.from : undefined;
    if (!from) continue;
    const key = await sourceKey(from, step, graph, deps.images);
    if (key !== undefined) sources.push(key);
    else if (mount.type === 'bind') inputs.push(['mount files', await contextFiles(mount, deps.contexts)]);
  }
  return { inputs, sources };
}

/** A mount as far as it counts: not what a secret, an ssh agent or a cache holds. */
function mountDefinition(mount: RunMount): unknown {
  return mount.type === 'cache' ? { ...mount, sharing: mount.sharing === 'shared' ? undefined : mount.sharing } : mount;
}

async function contextFiles(mount: Extract<RunMount, { type: 'bind' }>, contexts: Contexts): Promise<string> {
  const source = await contexts.source(mount.from);
  const selection = await selectFiles({ sources: [mount.source || '.'], source, parents: false, exclude: [] });
  return digestOf(selectionDigestInput(selection, { forceRootOwner: true }).join('\n'));
}

async function transferInputs(step: TransferStep, graph: StepGraph, deps: Deps): ReturnType<StepInputs> {
  const inputs: Input[] = [
    ['dest', step.dest],
    ['workdir', step.workdir],
    ['chown', step.chown ?? ''],
    ['chmod', step.chmod ?? ''],
    ['link', String(step.link)],
    ['parents', String(step.parents)],
    ['unpack', String(step.unpack ?? '')],
    ['checksum', step.checksum ?? ''],
    ...step.sources.map((source): Input => ['source', source]),
    ...step.exclude.map((pattern): Input => ['exclude', pattern]),
    ...step.heredocs.map(({ name, content }): Input => ['heredoc', `${name}\n${content}`]),
  ];
  const key = await sourceKey(step.from, step, graph, deps.images);
  if (key !== undefined) return { inputs, sources: [key] };
  const { selection, request } = await deps.transfers.contextSelection(step);
  const owner = step.chown === undefined ? undefined : UNRESOLVED_OWNER;
  const lines = selectionDigestInput(selection, { ...request, ...(owner ? { owner } : {}) });
  return { inputs: [...inputs, ...lines.map((line): Input => ['file', line])], sources: [] };
}

/** The key of a stage or an image as a source; undefined for a context, whose files are inputs themselves. */
async function sourceKey(from: SourceRef, step: Step, graph: StepGraph, images: Images): Promise<string | undefined> {
  if (from.kind === 'stage') return (await graph.stage(from.index)).key;
  if (from.kind === 'image')
    return imageKey((await images.resolve(from.reference, step.platform, step.location)).layers);
  return undefined;
}
