import { VarveError } from '../errors.ts';
import { type BytePath, baseOf, fromText, joinBytes, toText } from '../io/byte-path.ts';
import type { Entry } from '../snapshot/entry.ts';
import type { FileSource } from '../snapshot/file-source.ts';
import { resolvePath } from '../snapshot/resolve-path.ts';
import { cleanPath } from './copy-destination.ts';
import { type CopyFilter, copyFilter } from './copy-filter.ts';
import type { CopyRequest, GivenFile, SelectedEntry, SelectedSource, Selection } from './copy-request.ts';
import { selectContents } from './copy-walk.ts';
import { containsWildcard, expandWildcard, splitWildcard } from './copy-wildcard.ts';

/** What selecting needs of a request; nothing of the destination. */
export type SelectRequest = Pick<CopyRequest, 'sources' | 'source' | 'parents' | 'exclude'>;

/**
 * What a COPY or ADD copies, with digests: links followed in every part of a source, inside its root; wildcards; a
 * directory stands for its contents, less --exclude. A wildcard without a match selects nothing.
 * Throws `COPY_MISSING` for a source that is not there.
 */
export async function selectFiles(request: SelectRequest): Promise<Selection> {
  const sources: SelectedSource[] = [];
  for (const word of request.sources) {
    if (typeof word === 'string') sources.push(...(await selectWord(request, word)));
    else if ('open' in word) sources.push({ kind: 'pending', pending: word });
    else sources.push({ kind: 'given', file: word satisfies GivenFile });
  }
  return { sources: await completeAll(request.source, sources) };
}

/** The selection with what was pending in its place: a file, or all of a source's files less --exclude. */
export async function openPending(selection: Selection, exclude: readonly string[]): Promise<Selection> {
  const sources: SelectedSource[] = [];
  for (const one of selection.sources) {
    if (one.kind !== 'pending') {
      sources.push(one);
      continue;
    }
    const opened = await one.pending.open();
    if ('lookup' in opened) {
      const selected = await selectPath(opened, '', copyFilter(undefined, exclude));
      const completed = await completeAll(opened, [selected]);
      sources.push(...completed.map((each) => (each.kind === 'dir' ? { ...each, source: opened } : each)));
    } else sources.push({ kind: 'given', file: opened });
  }
  return { sources };
}

async function selectWord(request: SelectRequest, word: string): Promise<SelectedSource[]> {
  const { source } = request;
  const { root, keep } = request.parents ? splitPivot(word) : { root: cleanPath(word), keep: undefined };
  if (keep !== undefined && !containsWildcard(root) && !containsWildcard(keep)) {
    const required = fromText(cleanPath(`${root}/${keep}`));
    if (!(await resolvePath(source, required, { followLast: true })).entry) throw missing(required);
  }
  const filter = copyFilter(keep, request.exclude);
  const selected: SelectedSource[] = [];
  for (const name of await expand(source, root)) selected.push(await selectPath(source, name, filter));
  return selected;
}

async function selectPath(source: FileSource, name: BytePath, filter: CopyFilter | undefined): Promise<SelectedSource> {
  const { path, entry } = await resolvePath(source, name, { followLast: true });
  if (!entry) throw missing(name);
  if (entry.type !== 'dir') return { kind: 'file', path, name: baseOf(name), entry };
  return { kind: 'dir', path, entry, entries: await selectContents(source, path, filter) };
}

async function expand(source: FileSource, root: string): Promise<readonly BytePath[]> {
  const { base, pattern } = splitWildcard(root);
  if (pattern === '') return [fromText(base)];
  const start = await resolvePath(source, fromText(base), { followLast: true });
  if (!start.entry) throw missing(fromText(base));
  return expandWildcard(source, start.path, pattern);
}

/** --parents: what stands before `/./` is where names start; the rest is a pattern whose directories are kept. */
function splitPivot(word: string): { root: string; keep: string } {
  const pivot = word.indexOf('/./');
  if (pivot < 0) return { root: '', keep: cleanPath(word) };
  return { root: cleanPath(word.slice(0, pivot)), keep: cleanPath(word.slice(pivot + 3)) };
}

function missing(path: BytePath): VarveError {
  return new VarveError('COPY_MISSING', `"/${toText(path)}": not found`, {
    hint: 'Sources are looked up in the build context (or the --from stage); .dockerignore may leave this one out.',
  });
}

/** One question to the source for all digests and xattrs, so that it can read several files at a time. */
async function completeAll(source: FileSource, selected: readonly SelectedSource[]): Promise<SelectedSource[]> {
  const asked: { path: BytePath; entry: Entry }[] = [];
  for (const one of selected) {
    if (one.kind === 'file') asked.push(one);
    else if (one.kind === 'dir') {
      for (const { path, entry } of one.entries) asked.push({ path: joinBytes(one.path, path), entry });
    }
  }
  const answers = asked.length === 0 ? [] : await source.complete(asked);
  if (answers.length !== asked.length) throw new Error('complete() left entries out');
  let next = 0;
  const completed = (): Entry => answers[next++] as Entry;
  return selected.map((one) => {
    if (one.kind === 'given' || one.kind === 'pending') return one;
    if (one.kind === 'file') return { ...one, entry: completed() };
    return { ...one, entries: one.entries.map((item) => completedItem(item, completed())) };
  });
}

function completedItem(item: SelectedEntry, entry: Entry): SelectedEntry {
  return entry === item.entry ? item : { ...item, entry };
}
