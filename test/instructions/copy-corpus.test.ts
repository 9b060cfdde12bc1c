import test, { type ExecutionContext } from 'ava';
import { makeDirectories } from '../../src/instructions/copy-directories.ts';
import type { CopiedContents } from '../../src/instructions/copy-request.ts';
import { selectFiles } from '../../src/instructions/copy-select.ts';
import { containsWildcard } from '../../src/instructions/copy-wildcard.ts';
import { fromText } from '../../src/io/byte-path.ts';
import { readCorpusFile } from '../dockerfile/support/corpus.ts';
import { contentOf, copy, MemoryEdit, MemorySource, request } from './support/copy.ts';

interface Op {
  op: string;
  path: string;
  mode?: string;
  content?: string;
  target?: string;
  uid?: number;
  gid?: number;
  type?: string;
  major?: number;
  minor?: number;
}
interface Call {
  src: string;
  dst: string;
  options: {
    allowWildcards?: boolean;
    copyDirContents?: boolean;
    followLinks?: boolean;
    alwaysReplaceExistingDestPaths?: boolean;
    mode?: string;
    modeStr?: string;
    chown?: { uid: number; gid: number };
    utime?: { sec: number; nsec: number };
    includePatterns?: string[];
    excludePatterns?: string[];
  };
  expect: { ok?: true; error?: true };
}
interface Expected {
  path: string;
  type: string;
  mode?: string;
  content?: string;
  target?: string;
  uid?: number;
  gid?: number;
  mtime?: { sec: number; nsec: number };
}
interface CopyCase {
  id: string;
  group: string;
  src: Op[];
  dst: Op[];
  calls: Call[];
  expect: { tree: Expected[] };
  checkMtime?: true;
}
interface TreeCase {
  id: string;
  group: string;
  tree: Op[];
}

/** The cases of a group; none when the corpora are not beside the repository, which passes. */
function casesOf<T extends { group: string }>(t: ExecutionContext, file: string, group: string): T[] {
  const bytes = readCorpusFile(t, file);
  if (bytes === undefined) return [];
  const cases = (JSON.parse(bytes.toString('utf8')) as { cases: T[] }).cases.filter((one) => one.group === group);
  t.true(cases.length > 0, `no cases of ${group}`);
  return cases;
}

/** A filesystem made by the corpus's operations; undefined when one of them has no meaning here. */
function build(ops: readonly Op[]): MemorySource | undefined {
  const source = new MemorySource();
  for (const { op, path: written, mode, content, target, uid, gid, type, major, minor } of ops) {
    const path = written.replace(/^\/+|\/+$/g, '');
    const options = { mode: Number.parseInt(mode ?? '0755', 8) };
    const old = source.entries.get(path);
    if (op === 'mkdir') source.dir(path, options);
    else if (op === 'create') source.file(path, content ?? '', options);
    else if (op === 'symlink') source.symlink(path, target ?? '');
    else if (op === 'chown' && old) source.entries.set(path, { ...old, uid: uid ?? 0, gid: gid ?? 0 });
    else if (op === 'link') {
      const to = (target ?? '').replace(/^\/+/, '');
      const linked = { ...source.entries.get(to)!, hardlink: to };
      source.file(path, source.bytes.get(to) ?? '');
      for (const name of [to, path]) source.entries.set(name, linked);
    } else if (op === 'mknod' && (type === 'char' || type === 'block' || type === 'fifo')) {
      source.node(path, type, type === 'fifo' ? undefined : [major ?? 0, minor ?? 0], options);
    } else if (op !== 'mknod') return undefined; // a socket: no entry anywhere in varve
  }
  return source;
}

/** Why a call says something that COPY never does; undefined when it does. */
function foreign({ src, dst, options }: Call, source: MemorySource): string | undefined {
  if (options.alwaysReplaceExistingDestPaths) return 'replaces any type';
  if (!options.allowWildcards && containsWildcard(src)) return 'a wildcard as a name';
  if (!options.followLinks && source.entries.get(src)?.type !== 'dir' && src.includes('link'))
    return 'follows no links';
  if ((options.includePatterns?.length ?? 0) > 1) return 'several patterns to keep';
  const isRoot = /^[./]*$/.test(src) && /^[./]*$/.test(dst);
  const isDir = source.entries.get(src.replace(/^\/+|[./]+$/g, ''))?.type === 'dir';
  if (isDir && !options.copyDirContents && !isRoot) return 'copies the directory itself';
  return undefined;
}

async function run(edit: MemoryEdit, source: MemorySource, { src, dst, options }: Call): Promise<CopiedContents> {
  const keep = options.includePatterns?.[0];
  const chmod = options.modeStr ?? options.mode;
  const { utime } = options;
  const made = request(source, [keep ?? src], dst.replace(/^\.$/, '/'), {
    parents: keep !== undefined,
    exclude: options.excludePatterns ?? [],
    ...(chmod === undefined ? {} : { chmod }),
    ...(options.chown ? { owner: options.chown } : {}),
    ...(utime ? { mtime: BigInt(utime.sec) * 1_000_000_000n + BigInt(utime.nsec) } : {}),
  });
  return copy(edit, made);
}

test('corpus: copies', async (t) => {
  const copies = casesOf<CopyCase>(t, 'copy-engine.json', 'copy');
  let ran = 0;
  for (const one of copies) {
    const [source, base] = [build(one.src), build(one.dst)];
    if (!source || !base) {
      t.log(`${one.id}: left out, an operation is unknown`);
      continue;
    }
    const reason = one.calls.map((call) => foreign(call, source)).find(Boolean);
    if (reason) {
      t.log(`${one.id}: left out, ${reason}`);
      continue;
    }
    const edit = await MemoryEdit.from(base);
    const contents: CopiedContents = new Map();
    for (const call of one.calls) {
      if (call.expect.error) await t.throwsAsync(run(edit, source, call), undefined, one.id);
      else for (const [path, content] of await run(edit, source, call)) contents.set(path, content);
    }
    const expected = one.expect.tree.filter(({ path }) => path !== '/socket');
    const got: Expected[] = [];
    for (const wanted of expected) {
      const path = fromText(wanted.path.slice(1));
      const entry = await edit.lookup(path);
      const there = (await contentOf(contents, path)) ?? base.bytes.get(path)?.toString();
      const content = entry?.type === 'file' ? there : undefined;
      got.push({ path: wanted.path, type: entry?.type ?? 'nothing', ...shape(entry, content, wanted) });
    }
    t.deepEqual(
      got,
      expected.map(({ path, type, ...rest }) => ({ path, type, ...only(rest) })),
      one.id,
    );
    let there = 0;
    for (const path of edit.paths) if (await edit.lookup(path)) there++;
    t.is(there, expected.length, `${one.id}: nothing else`);
    ran++;
  }
  t.log(`${ran} of ${copies.length} ran`);
  t.true(copies.length === 0 || ran >= 54);
});

/** The fields of an entry that the corpus has of it. */
function shape(
  entry: Awaited<ReturnType<MemoryEdit['lookup']>>,
  content: string | undefined,
  wanted: Expected,
): Partial<Expected> {
  if (!entry) return {};
  return {
    ...(wanted.mode === undefined ? {} : { mode: entry.mode.toString(8).padStart(4, '0') }),
    ...(content === undefined ? {} : { content }),
    ...(entry.target === undefined ? {} : { target: entry.target }),
    ...(entry.uid === 0 ? {} : { uid: entry.uid }),
    ...(entry.gid === 0 ? {} : { gid: entry.gid }),
    ...(wanted.mtime === undefined
      ? {}
      : { mtime: { sec: Number(entry.mtime / 1_000_000_000n), nsec: Number(entry.mtime % 1_000_000_000n) } }),
  };
}

function only({ mode, content, target, uid, gid, mtime }: Partial<Expected>): Partial<Expected> {
  const kept = { mode, content, target, uid, gid, mtime };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
}

interface MkdirCase extends TreeCase {
  path: string;
  mode: string;
  expect: { created: string[]; tree: Expected[] };
}

test('corpus: directories made', async (t) => {
  for (const { id, tree, path, mode, expect } of casesOf<MkdirCase>(t, 'copy-engine.json', 'mkdirAll')) {
    const edit = await MemoryEdit.from(build(tree)!);
    edit.paths.clear();
    const mtime = () => 0n;
    await makeDirectories(edit, path, { mode: Number.parseInt(mode, 8), uid: 0, gid: 0, mtime });
    t.deepEqual([...edit.paths].map((made) => `/${made}`).sort(), expect.created, id);
    for (const one of expect.tree) {
      t.is((await edit.lookup(one.path.slice(1)))?.mode, Number.parseInt(one.mode ?? '', 8), `${id} ${one.path}`);
    }
  }
});

interface LinkCase extends TreeCase {
  paths: string[];
  expect: string[] | null;
}

test('corpus: a source ends at one of the paths that its links need', async (t) => {
  for (const { id, tree, paths, expect } of casesOf<LinkCase>(t, 'copy-engine.json', 'followLinks')) {
    const source = build(tree)!;
    for (const word of paths) {
      const selection = await selectFiles(request(source, [word], '/d/')).catch((error: { code: string }) => error);
      if (!('sources' in selection)) {
        const code = id.includes('Loop') ? 'SYMLINK_LOOP' : 'COPY_MISSING';
        t.is(selection.code, code, `${id} ${word}`);
        continue;
      }
      for (const one of selection.sources) {
        if (one.kind === 'given' || one.kind === 'pending' || expect === null) continue;
        const needed = expect.some(
          (path) => one.path === path || one.path.startsWith(`${path}/`) || path.includes('*'),
        );
        t.true(needed, `${id} ${word} ends at ${one.path}`);
      }
    }
  }
});

interface InfoCase extends TreeCase {
  source: string;
  expect: { paths: string[] };
}

test('corpus: what a source word chooses', async (t) => {
  for (const { id, tree, source: word, expect } of casesOf<InfoCase>(t, 'copy-destination.json', 'copy-info')) {
    const source = build(tree)!;
    const { sources } = await selectFiles(request(source, [word], '/d/'));
    const chosen = sources.flatMap((one) => {
      if (one.kind !== 'dir') return one.kind === 'file' ? [one.path] : [];
      if (one.path !== '') return [one.path];
      return one.entries.filter(({ path }) => !path.includes('/')).map(({ path }) => path);
    });
    t.deepEqual(
      chosen,
      expect.paths.map((path) => path.replace(/\/$/, '')),
      id,
    );
  }
});
