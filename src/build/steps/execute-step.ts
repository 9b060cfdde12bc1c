import { executeRun } from '../../instructions/execute-run.ts';
import { makeWorkdir } from '../../instructions/make-workdir.ts';
import { readSmallFile } from '../../instructions/read-small-file.ts';
import type { RunStep, SourceRef, Step, WorkdirStep } from '../../instructions/step.ts';
import type { BytePath } from '../../io/byte-path.ts';
import { fromText, joinBytes } from '../../io/byte-path.ts';
import { type AssembledLayer, assembleLayer } from '../../layer/assemble-layer.ts';
import { chainId } from '../../oci/chain-id.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ChosenSandbox } from '../../sandbox/choose-sandbox.ts';
import { resolveUser, userNeedsFiles } from '../../sandbox/resolve-user.ts';
import { applyLayer } from '../../snapshot/apply-layer.ts';
import { diffTrees } from '../../snapshot/diff-trees.ts';
import { editTree } from '../../snapshot/edit-tree.ts';
import type { ContentSource, Entry, LayerItem } from '../../snapshot/entry.ts';
import type { FileSource } from '../../snapshot/file-source.ts';
import { resolvePath } from '../../snapshot/resolve-path.ts';
import type { RootTree } from '../../snapshot/tree.ts';
import { withParents } from '../../snapshot/with-parents.ts';
import type { StepRecord } from '../cache/records.ts';
import { diffIds, type LayerRef } from '../images/layer-ref.ts';
import { requireRunnable } from '../platform/foreign-platform.ts';
import { makeStepRootfs } from './run-rootfs.ts';
import { takeRunTurn } from './run-turn.ts';
import type { StageBuilderDeps } from './stage-builder-deps.ts';

/** Where a step is done: on which layers, and what else it reads. */
export interface StepPlace {
  readonly id: string;
  readonly layers: readonly LayerRef[];
  readonly sources: ReadonlyMap<SourceRef, FileSource>;
  /** What the step's slot gave last time, for COPY and ADD. */
  readonly previous?: Pick<FileSource, 'lookup'>;
}

export interface ExecutedStep {
  readonly record: StepRecord;
  readonly frames: AssembledLayer['frames'];
}

interface Parent {
  readonly tree: RootTree;
  readonly source: FileSource;
}

/** What a step changed: the tree after it, the layer's items, their bytes. */
interface Change {
  readonly tree: RootTree;
  readonly items: readonly LayerItem[];
  content(path: BytePath, entry: Entry): Promise<ContentSource>;
  /** Makes what is on disk serve later steps, once the layer is in the store. */
  keep?(diffId: Digest): Promise<void>;
}

/**
 * Does one step: changes files, assembles the layer into the store, records its tree.
 * @throws VarveError with the step's location
 */
export async function executeStep(step: Step, place: StepPlace, deps: StageBuilderDeps): Promise<ExecutedStep> {
  if (step.kind !== 'run') return attempt(step, place, deps, undefined);
  const { sandbox } = deps.services;
  const chosen = await sandbox.get();
  try {
    return await attempt(step, place, deps, chosen);
  } catch (error) {
    if (!(await sandbox.doubt(chosen, error))) throw error;
    return attempt(step, place, deps, await sandbox.get());
  }
}

async function attempt(
  step: Step,
  place: StepPlace,
  deps: StageBuilderDeps,
  chosen: ChosenSandbox | undefined,
): Promise<ExecutedStep> {
  const { services } = deps;
  const { files, clock, store, records } = services;
  const started = clock.monotonic();
  services.signal.throwIfAborted();
  const temp = await store.makeTemp('step');
  try {
    const lower = chosen?.rootfs === 'overlay' ? files.lower(place.layers) : undefined;
    lower?.catch(() => {}); // awaited by the run; the tree below shares its reading
    const tree = await files.tree(place.layers);
    const parent: Parent = { tree, source: files.source(place.layers, tree) };
    const change =
      step.kind === 'run'
        ? await runChange(step, { place, parent, lower: await lower, directory: temp.path, chosen: chosen! }, deps)
        : await treeChange(step, place, parent, temp.path, deps);
    const layer = await assembleLayer(change.items, {
      ...services.compression,
      blobs: store.blobs,
      cache: services.frames,
      signal: services.signal,
      content: (path, entry) => change.content(path, entry),
    });
    await change.keep?.(layer.diffId);
    await records.putTree(chainId([...diffIds(place.layers), layer.diffId])!, change.tree);
    const record: StepRecord = {
      layer: { descriptor: layer.descriptor, diffId: layer.diffId },
      tree: change.tree,
      parent: parent.tree.content,
      created: new Date(clock.now()).toISOString(),
      durationMs: Math.round(clock.monotonic() - started),
    };
    temp.release();
    return { record, frames: layer.frames };
  } catch (error) {
    await temp.remove();
    throw error;
  }
}

/** What the Dockerfile sets goes before what varve adds. */
function isSet({ env }: RunStep, entry: string): boolean {
  return env.some((own) => own.startsWith(entry.slice(0, entry.indexOf('=') + 1)));
}

async function runChange(
  step: RunStep,
  at: {
    place: StepPlace;
    parent: Parent;
    lower: readonly string[] | undefined;
    directory: string;
    chosen: ChosenSandbox;
  },
  { services, mounts, ignorePaths }: StageBuilderDeps,
): Promise<Change> {
  await requireRunnable(step, services.platform, services.emulation, async (path) => {
    const { entry } = await resolvePath(at.parent.source, fromText(path.slice(1)), { followLast: true });
    return entry?.type === 'file';
  });
  const { progress, clock, trees } = services;
  const log = (stream: 'stdout' | 'stderr') => (data: Buffer) =>
    progress({ type: 'step-log', id: at.place.id, stream, data, time: clock.now() });
  const { sandbox } = at.chosen;
  const isAlone = step.mounts.some(({ type }) => type === 'secret' || type === 'ssh');
  using _turn = sandbox.sharesProcesses ? await takeRunTurn(services.store, isAlone, services.signal) : undefined;
  await using ready = await mounts.prepare(step, at.place.sources, {
    directory: at.directory,
    canMount: sandbox.place === undefined,
  });
  const made = await makeStepRootfs(at, services);
  try {
    const { items: found, mountPoints } = await executeRun(step, {
      sandbox,
      libc: services.libc,
      source: at.parent.source,
      rootfs: made.rootfs,
      directory: at.directory,
      hostResolvConf: services.hostResolvConf,
      mounts: ready.mounts,
      secretEnv: ready.env,
      moreEnv: services.stepEnv(at.place.id).filter((entry) => !isSet(step, entry)),
      io: { stdout: log('stdout'), stderr: log('stderr'), signal: services.signal },
      warn: (message) => services.log.warn(`${step.title}: ${message}`),
    });
    const items = withoutPaths(found, ignorePaths);
    const tree = await applyLayer(trees, at.parent.tree, items);
    const source = services.files.source(at.place.layers, tree);
    return {
      tree,
      items: await withParents(source, items),
      content: async (path) => ({ path: joinBytes(fromText(made.rootfs.changes), path) }),
      // What is on disk and in no layer must serve nobody.
      keep: (diffId) =>
        items.length === found.length ? made.keep({ diffId, tree, source, mountPoints }) : made.drop(),
    };
  } catch (error) {
    await made.drop();
    throw error;
  }
}

async function treeChange(
  step: Exclude<Step, RunStep>,
  place: StepPlace,
  parent: Parent,
  directory: string,
  { services, transfers, ignorePaths }: StageBuilderDeps,
): Promise<Change> {
  const { trees, files } = services;
  const done =
    step.kind === 'workdir'
      ? { tree: await workdirTree(step, parent, services.trees), content: noContent }
      : await transfers.execute(step, {
          parent,
          from: place.sources.get(step.from),
          directory,
          ...(place.previous ? { previous: place.previous } : {}),
        });
  const found = await diffTrees(trees, parent.tree, done.tree);
  const items = withoutPaths(found, ignorePaths);
  const tree = items.length === found.length ? done.tree : await applyLayer(trees, parent.tree, items);
  return {
    tree,
    items: await withParents(files.source(place.layers, tree), items),
    // A name that only stands beside a changed hard link of its file has its bytes in the parent.
    content: async (path, entry) => (await done.content(path, entry)) ?? parent.source.content(path, entry),
  };
}

function withoutPaths(items: readonly LayerItem[], paths: readonly BytePath[]): readonly LayerItem[] {
  if (paths.length === 0) return items;
  return items.filter(({ path }) => !paths.some((left) => path === left || path.startsWith(`${left}/`)));
}

async function noContent(): Promise<undefined> {
  return undefined;
}

async function workdirTree(
  step: WorkdirStep,
  parent: Parent,
  trees: StageBuilderDeps['services']['trees'],
): Promise<RootTree> {
  const edit = editTree(trees, parent.tree);
  // To read a file of the image, its layer has to be unpacked.
  const [passwd, group] = userNeedsFiles(step.user)
    ? await Promise.all(['etc/passwd', 'etc/group'].map((path) => readSmallFile(parent.source, path)))
    : [];
  const owner = resolveUser(step.user, {
    ...(passwd ? { passwd: passwd.toString('utf8') } : {}),
    ...(group ? { group: group.toString('utf8') } : {}),
  });
  await makeWorkdir(edit, step.path, owner, (above) => above.mtime);
  return edit.commit();
}
