import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { VarveError } from '../../errors.ts';
import { classifyAddSources } from '../../instructions/add-source.ts';
import { applySelection } from '../../instructions/copy-apply.ts';
import { cleanPath } from '../../instructions/copy-destination.ts';
import { selectionDigestInput } from '../../instructions/copy-key.ts';
import type { CopyRequest, GivenFile, Selection } from '../../instructions/copy-request.ts';
import { openPending, selectFiles } from '../../instructions/copy-select.ts';
import { parseChmod } from '../../instructions/parse-chmod.ts';
import { readSmallFile } from '../../instructions/read-small-file.ts';
import { type Owner, ownerNeedsFiles, resolveOwner } from '../../instructions/resolve-owner.ts';
import type { TransferStep } from '../../instructions/step.ts';
import { type BytePath, fromText } from '../../io/byte-path.ts';
import { readArchive } from '../../layer/read-archive.ts';
import { digestOf } from '../../oci/digest.ts';
import { editTree } from '../../snapshot/edit-tree.ts';
import type { ContentSource, Entry } from '../../snapshot/entry.ts';
import type { FileSource } from '../../snapshot/file-source.ts';
import type { RootTree, TreeStore } from '../../snapshot/tree.ts';
import { type AddedSourcesDeps, addedSources } from './added-sources.ts';
import type { Contexts } from './contexts.ts';
import type { KnownLines } from './known-lines.ts';

/** Stands for a --chown that is not resolved yet, where only it matters that there is one. */
const UNRESOLVED_OWNER: Owner = { uid: 0, gid: 0 };

/** COPY and ADD, in two halves: what they select (for the key), and doing it on a tree. */
export interface Transfers {
  /** The files that a step takes from a build context; read once. */
  contextSelection(step: TransferStep): Promise<Chosen>;
  /** A line of the key for each file that a step takes from a build context; without reading it where nothing changed. */
  contextLines(step: TransferStep): Promise<readonly string[]>;
  /** The files that a step takes from a snapshot. */
  select(step: TransferStep, source: FileSource): Promise<Chosen>;
  /** The tree after the step, and where the copied files' bytes are. */
  execute(step: TransferStep, place: TransferPlace): Promise<Transferred>;
}

export interface Chosen {
  readonly selection: Selection;
  readonly request: CopyRequest;
}

export interface TransferPlace {
  readonly parent: { readonly tree: RootTree; readonly source: FileSource };
  /** The step's source. */
  readonly from: FileSource | undefined;
  /** An empty directory of the step's own. */
  readonly directory: string;
  /** What this step's slot gave last time. */
  readonly previous?: Pick<FileSource, 'lookup'>;
}

export interface Transferred {
  readonly tree: RootTree;
  /** Undefined for a path that the step didn't put there. */
  content(path: BytePath, entry: Entry): Promise<ContentSource | undefined>;
}

export interface TransferDeps extends AddedSourcesDeps {
  readonly trees: TreeStore;
  readonly contexts: Contexts;
  readonly knownLines: KnownLines;
  /** Finds a program that decompresses (`xz`, `bzip2`). */
  program(name: string): string | undefined;
  readonly signal: AbortSignal;
}

export function createTransfers(deps: TransferDeps): Transfers {
  const { trees, contexts, knownLines, program, warn, signal } = deps;
  const chosen = new Map<TransferStep, Promise<Chosen>>();
  /** Lines that are in a key, of files that were not read for it. */
  const unread = new Map<TransferStep, readonly string[]>();
  const choose = async (step: TransferStep, source: FileSource): Promise<Chosen> => {
    const request = makeRequest(step, source, await addedSources(step, deps));
    return { request, selection: await selectFiles(request) };
  };
  const contextSelection = (step: TransferStep): Promise<Chosen> => {
    const known = chosen.get(step);
    if (known) return known;
    const read = async (): Promise<Chosen> => {
      const found = await choose(step, await contexts.source(step.from));
      const lines = unread.get(step);
      // What a RUN took minutes before may have given somebody the time to edit: nothing else may go under this key.
      if (lines && lines.join('\n') !== selectedLines(step, found).join('\n')) throw changedSince(step);
      return found;
    };
    const promise = read();
    chosen.set(step, promise);
    return promise;
  };
  const contextLines = async (step: TransferStep): Promise<readonly string[]> => {
    const paths = plainPaths(step);
    const stamp = paths && (await (await contexts.source(step.from)).stamp?.(paths));
    const question = JSON.stringify([step.kind, step.sources, step.exclude, step.chown !== undefined, step.chmod]);
    const known = stamp && (await knownLines.find(question, stamp));
    if (known) {
      unread.set(step, known);
      return known;
    }
    const lines = selectedLines(step, await contextSelection(step));
    if (stamp) await knownLines.remember(question, stamp, lines);
    return lines;
  };
  return {
    contextLines: (step) => located(step, contextLines(step)),
    contextSelection: (step) => located(step, contextSelection(step)),
    select: (step, source) => located(step, choose(step, source)),
    execute: (step, { parent, from, directory, previous }) =>
      located(
        step,
        (async () => {
          const isContext = step.from.kind === 'context' || step.from.kind === 'named';
          const { request, selection } = isContext || !from ? await contextSelection(step) : await choose(step, from);
          const owner = await ownerOf(step, parent.source, warn);
          const edit = editTree(trees, parent.tree);
          let archives = 0;
          const unpack: NonNullable<CopyRequest['unpack']> = (content) => {
            const spool = join(directory, `archive-${archives++}`);
            mkdirSync(spool);
            return readArchive(content, { directory: spool, program, signal });
          };
          const contents = await applySelection(edit, await openPending(selection, request.exclude), {
            ...request,
            ...(owner ? { owner } : {}),
            ...(previous ? { previous } : {}),
            ...(step.kind === 'add' && step.unpack !== false ? { unpack } : {}),
            warn,
          });
          return {
            tree: await edit.commit(),
            async content(path) {
              const copied = contents.get(path);
              if (!copied) return undefined;
              return 'content' in copied ? copied.content : copied.source.content(copied.path, copied.entry);
            },
          };
        })(),
      ),
  };
}

/** A line of the key for each file. */
export function selectedLines(step: TransferStep, { selection, request }: Chosen): string[] {
  const owner = step.chown === undefined ? undefined : UNRESOLVED_OWNER;
  return selectionDigestInput(selection, { ...request, ...(owner ? { owner } : {}) });
}

/** The paths of a step that takes files of a context as they stand there, and nothing else. */
function plainPaths({ kind, sources, heredocs, parents, checksum, keepGitDir }: TransferStep): BytePath[] | undefined {
  if (heredocs.length > 0 || parents || checksum !== undefined || keepGitDir !== undefined) return undefined;
  const words = classifyAddSources(sources, { instruction: kind === 'add' ? 'ADD' : 'COPY' });
  const isPlain = words.every((word) => word.kind === 'local' && !/[\\*?[]/.test(word.word));
  return isPlain ? sources.map((word) => fromText(cleanPath(word))) : undefined;
}

function changedSince({ title }: TransferStep): VarveError {
  return new VarveError('CONTENT_CHANGED', `files of ${title} changed after the build looked at them`, {
    hint: 'build again when nothing writes to them',
  });
}

function makeRequest(step: TransferStep, source: FileSource, sources: CopyRequest['sources']): CopyRequest {
  return {
    sources: [...sources, ...step.heredocs.map(heredocFile)],
    dest: step.dest,
    workdir: step.workdir,
    link: step.link,
    parents: step.parents,
    exclude: step.exclude,
    source,
    forceRootOwner: step.from.kind === 'context' || step.from.kind === 'named',
    ...(step.chmod === undefined ? {} : { mode: parseChmod(step.chmod) }),
    createdMtime: (parent) => parent.mtime,
  };
}

/** A heredoc has no time of its own: 1970, so that the same text gives the same layer. */
function heredocFile({ name, content }: TransferStep['heredocs'][number]): GivenFile {
  const bytes = Buffer.from(content, 'utf8');
  const entry: Entry = {
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 0n,
    size: bytes.length,
    digest: digestOf(bytes),
  };
  return { name: fromText(name), entry, content: { bytes }, unpack: false };
}

async function ownerOf(
  step: TransferStep,
  parent: FileSource,
  warn: (text: string) => void,
): Promise<Owner | undefined> {
  if (step.chown === undefined) return undefined;
  const files = ownerNeedsFiles(step.chown)
    ? { passwd: await readSmallFile(parent, 'etc/passwd'), group: await readSmallFile(parent, 'etc/group') }
    : {};
  const { unknown, ...owner } = resolveOwner(step.chown, files);
  for (const name of unknown)
    warn(`--chown=${step.chown}: the image has no ${JSON.stringify(name)}; its files go to id 0`);
  return owner;
}

async function located<T>(step: TransferStep, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof VarveError ? error.at(step.location) : error;
  }
}
