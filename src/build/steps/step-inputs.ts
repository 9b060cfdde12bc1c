import { copyDestination } from '../../instructions/copy-destination.ts';
import { quoteName, selectionDigestInput } from '../../instructions/copy-key.ts';
import { selectFiles } from '../../instructions/copy-select.ts';
import type { RunMount, RunStep, SourceRef, Step, TransferStep, WorkdirStep } from '../../instructions/step.ts';
import { type Digest, digestOf } from '../../oci/digest.ts';
import type { TreeStore } from '../../snapshot/tree.ts';
import type { Input } from '../cache/step-key.ts';
import type { Contexts } from '../contexts/contexts.ts';
import { selectedLines, type Transfers } from '../contexts/transfers.ts';
import type { BaseImage } from '../images/base-image.ts';
import type { Images } from '../images/images.ts';
import { imageKey } from '../images/layer-ref.ts';
import { mountedContent, mountedLines, type SourceFiles } from '../mounts/mounted-content.ts';

/** Where the key of a stage's filesystem comes from. */
interface StepGraph {
  stage(index: number): Promise<{ readonly key: string }>;
}

/** A stage or an image that a step reads from, besides the filesystem that it changes. */
export interface KeyedSource {
  readonly ref: SourceRef;
  /** What its filesystem is called before anything runs. */
  readonly key: string;
  readonly image?: Pick<BaseImage, 'reference' | 'manifestDigest'>;
  /** For a stage: what the step takes from it, however that came to be. */
  content?(files: SourceFiles): Promise<Taken>;
}

/** What a step takes from a stage. */
export interface Taken {
  readonly digest: Digest;
  /** A line for each file, as for a context's. */
  readonly lines?: readonly string[];
  /** Makes the lines, where the digest was had without them. */
  list?(): Promise<readonly string[] | undefined>;
}

/** A step's readable inputs, and the stages and images that it reads from besides its parent. */
export type StepInputs = (
  step: Step,
  graph: StepGraph,
) => Promise<{ readonly inputs: readonly Input[]; readonly sources: readonly KeyedSource[] }>;

/** What each kind of step depends on (docs/cache-keys.md); nothing else decides a key. */
export function createStepInputs(deps: {
  contexts: Contexts;
  images: Images;
  transfers: Transfers;
  trees: TreeStore;
  /** What no step's layer has. */
  ignorePaths?: readonly string[];
}): StepInputs {
  const left = (deps.ignorePaths ?? []).map((path): Input => ['ignore-path', path]);
  const inputsOf: StepInputs = async (step, graph) => {
    switch (step.kind) {
      case 'run':
        return runInputs(step, graph, deps);
      case 'workdir':
        return { inputs: workdirInputs(step), sources: [] };
      default:
        return transferInputs(step, graph, deps);
    }
  };
  return async (step, graph) => {
    const { inputs, sources } = await inputsOf(step, graph);
    return { inputs: [...inputs, ...left], sources };
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
  const sources: KeyedSource[] = [];
  for (const mount of step.mounts) {
    inputs.push(['mount', JSON.stringify(mountDefinition(mount))]);
    if (!('from' in mount) || !mount.from) continue;
    const named = await nameSource(mount.from, step, graph, deps.images);
    if (!named) {
      if (mount.type === 'bind')
        for (const line of await contextFiles(mount, deps.contexts)) inputs.push(['mount file', line]);
      continue;
    }
    const content = async (files: SourceFiles): Promise<Taken> => ({
      digest: await mountedContent(mount.source, files, deps.trees),
      list: () => mountedLines(mount.source, files),
    });
    sources.push({ ref: mount.from, ...named, ...(mount.from.kind === 'stage' ? { content } : {}) });
  }
  return { inputs, sources };
}

/**
 * A mount as far as it counts: not what a secret, an ssh agent or a cache holds, nor which cache it is and how it is
 * shared (solver/llbsolver/ops/exec.go of BuildKit), nor the number or name of the stage that it is from, which says
 * nothing of the files.
 */
function mountDefinition(mount: RunMount): unknown {
  const { from: _, ...own } = { from: undefined, ...mount };
  return own.type === 'cache' ? { ...own, id: undefined, sharing: undefined } : own;
}

async function contextFiles(mount: Extract<RunMount, { type: 'bind' }>, contexts: Contexts): Promise<string[]> {
  const source = await contexts.source(mount.from);
  const selection = await selectFiles({ sources: [mount.source || '.'], source, parents: false, exclude: [] });
  return selectionDigestInput(selection, { forceRootOwner: true });
}

async function transferInputs(step: TransferStep, graph: StepGraph, deps: Deps): ReturnType<StepInputs> {
  const dest = copyDestination(step.dest, step.workdir);
  const inputs: Input[] = [
    ['dest', `${dest.path === '' ? '' : `/${quoteName(dest.path)}`}${dest.isDirectory ? '/' : ''}`],
    ['chown', step.chown ?? ''],
    ['chmod', step.chmod ?? ''],
    ['link', String(step.link)],
    ['parents', String(step.parents)],
    ['unpack', String(step.unpack ?? '')],
    ['checksum', step.checksum ?? ''],
    ...(step.keepGitDir ? [['keep-git-dir', 'true'] satisfies Input] : []),
    ...step.sources.map((source): Input => ['source', source]),
    ...step.exclude.map((pattern): Input => ['exclude', pattern]),
    ...step.heredocs.map(({ name, content }): Input => ['heredoc', `${name}\n${content}`]),
  ];
  const named = await nameSource(step.from, step, graph, deps.images);
  if (named) {
    const content = async ({ source }: SourceFiles): Promise<Taken> => {
      const lines = selectedLines(step, await deps.transfers.select(step, source));
      return { digest: digestOf(lines.join('\n')), lines };
    };
    return { inputs, sources: [{ ref: step.from, ...named, ...(step.from.kind === 'stage' ? { content } : {}) }] };
  }
  const lines = await deps.transfers.contextLines(step);
  return { inputs: [...inputs, ...lines.map((line): Input => ['file', line])], sources: [] };
}

/** The key of a stage or an image as a source; undefined for a context, whose files are inputs themselves. */
async function nameSource(
  from: SourceRef,
  step: Step,
  graph: StepGraph,
  images: Images,
): Promise<Pick<KeyedSource, 'key' | 'image'> | undefined> {
  if (from.kind === 'stage') return { key: (await graph.stage(from.index)).key };
  if (from.kind !== 'image') return undefined;
  const image = await images.resolve(from.reference, from.platform, step.location);
  return { key: imageKey(image.layers), image };
}
