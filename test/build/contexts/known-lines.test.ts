import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { temporaryDirectory } from '../../../scripts/temporary-directory.ts';
import { createContexts } from '../../../src/build/contexts/contexts.ts';
import { createKnownLines } from '../../../src/build/contexts/known-lines.ts';
import { createTransfers } from '../../../src/build/contexts/transfers.ts';
import type { Catalog } from '../../../src/cas/catalog.ts';
import { createMemoryCatalog } from '../../../src/cas/memory-catalog.ts';
import { openDirectoryContext } from '../../../src/context/directory-context.ts';
import type { TransferStep } from '../../../src/instructions/step.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { loadLibc } from '../../../src/io/libc.ts';
import { silentLog } from '../../../src/io/log.ts';
import { createTreeStore } from '../../../src/snapshot/tree-store.ts';

/** Longer than the kernel's tick, and than what counts as young (racy.ts). */
const OLD_MS = 60;

/** The lines of a COPY as a build with this catalog has them, and what was done on disk for them. */
async function linesOf(path: string, catalog: Catalog, more: Partial<TransferStep> = {}) {
  const { lines, context } = await keyed(path, catalog, more);
  await context.flush();
  return { lines, counters: context.source.counters };
}

/** A build that has its keys and has not run the step. */
async function keyed(path: string, catalog: Catalog, more: Partial<TransferStep> = {}) {
  const signal = new AbortController().signal;
  const context = await openDirectoryContext({
    path,
    catalog,
    libc: loadLibc(),
    clock: systemClock,
    signal,
    log: silentLog,
    gitIndex: 'off',
    program: () => undefined,
    ignores: (name) => (name === 'hidden' || name.startsWith('hidden/') ? 'exclude-tree' : 'include'),
    ignoresId: 'hidden',
  });
  const transfers = createTransfers({
    trees: createTreeStore(catalog),
    contexts: createContexts(async () => context),
    knownLines: createKnownLines(catalog),
    program: () => undefined,
    urls: { get: () => Promise.reject(new Error('no network')) },
    git: { resolve: () => Promise.reject(new Error('no network')) },
    warn: () => {},
    signal,
  });
  const step: TransferStep = {
    kind: 'copy',
    location: { file: 'Dockerfile', start: 1, end: 1 },
    title: 'COPY . /',
    sources: ['.'],
    dest: '/',
    workdir: '/',
    from: { kind: 'context' },
    link: false,
    parents: false,
    exclude: [],
    heredocs: [],
    ...more,
  } as TransferStep;
  return { lines: await transfers.contextLines(step), context, transfers, step };
}

test('what changes between the key and the step is refused: it would be kept under the key of what was there', async (t) => {
  using temp = temporaryDirectory('varve-lines');
  const file = join(temp.path, 'a');
  writeFileSync(file, 'one\n');
  await sleep(OLD_MS);
  const kept = createMemoryCatalog();
  await linesOf(temp.path, kept);
  const same = await keyed(temp.path, kept);
  t.is(same.context.source.counters.opened, 0);
  await t.notThrowsAsync(same.transfers.contextSelection(same.step));
  const edited = await keyed(temp.path, kept);
  writeFileSync(file, 'two\n');
  await t.throwsAsync(edited.transfers.contextSelection(edited.step), { code: 'CONTENT_CHANGED' });
});

test('what did not change costs a stat for each path; every change is seen', async (t) => {
  using temp = temporaryDirectory('varve-lines');
  const at = (name: string): string => join(temp.path, 'context', name);
  for (const name of ['d/e', 'f', 'hidden']) mkdirSync(at(name), { recursive: true });
  for (const name of ['a', 'd/b', 'd/e/c', 'f/g', 'hidden/h']) writeFileSync(at(name), `${name}\n`);
  symlinkSync('a', at('link'));
  await sleep(OLD_MS);
  const kept = createMemoryCatalog();
  const root = join(temp.path, 'context');
  const first = await linesOf(root, kept);
  t.true(first.counters.opened > 0);
  const again = await linesOf(root, { ...kept, rows: () => t.fail('rows of the stat index were read') as never });
  t.deepEqual(again.lines, first.lines);
  // The root; a, d, f, hidden, link; d's two, d/e's and f's one; listed are the root, d, d/e, f.
  t.like(again.counters, { stats: 10, listed: 4, opened: 0, xattrs: 0, hashedBytes: 0 });

  const EDITS: readonly (readonly [title: string, edit: () => void, isSeen: boolean])[] = [
    [
      'same size, times put back',
      () => {
        const { atime, mtime } = statSync(at('a'));
        writeFileSync(at('a'), 'b\n');
        utimesSync(at('a'), atime, mtime);
      },
      true,
    ],
    ['another mode', () => chmodSync(at('d/e/c'), 0o755), true],
    ["a directory's mode", () => chmodSync(at('f'), 0o700), true],
    ['an xattr', () => void execFileSync('setfattr', ['-n', 'user.x', '-v', '1', at('d/b')]), true],
    ['a new file', () => writeFileSync(at('d/e/new'), 'x'), true],
    ['a file that is gone', () => unlinkSync(at('d/e/new')), true],
    ['a file that is renamed', () => renameSync(at('f/g'), at('f/h')), true],
    [
      'another link',
      () => {
        unlinkSync(at('link'));
        symlinkSync('d', at('link'));
      },
      true,
    ],
    [
      'a file for a directory',
      () => {
        rmSync(at('d/e'), { recursive: true });
        writeFileSync(at('d/e'), 'x');
      },
      true,
    ],
    ['a hidden file', () => writeFileSync(at('hidden/h'), 'other'), false],
    [
      'only times',
      () => {
        utimesSync(at('a'), 1, 1);
        lutimesSync(at('link'), 1, 1);
      },
      false,
    ],
  ];
  let before = first.lines;
  for (const [title, edit, isSeen] of EDITS) {
    edit();
    await sleep(OLD_MS);
    for (const round of ['changed', 'again']) {
      const { lines } = await linesOf(root, kept);
      t.deepEqual(lines, (await linesOf(root, createMemoryCatalog())).lines, `${title}, ${round}`);
      t.is(lines.join() !== before.join(), isSeen && round === 'changed', `${title}, ${round}`);
      before = lines;
    }
  }
});

test('what is asked for is part of the question: other sources, exclusions, owners', async (t) => {
  using temp = temporaryDirectory('varve-lines');
  mkdirSync(join(temp.path, 'd'));
  for (const name of ['a', 'd/b', 'd/c']) writeFileSync(join(temp.path, name), name);
  await sleep(OLD_MS);
  const kept = createMemoryCatalog();
  const ASKED: readonly Partial<TransferStep>[] = [
    {},
    { sources: ['d'] },
    { sources: ['d', 'a'] },
    { sources: ['d/*'] },
    { exclude: ['**/c'] },
    { chown: '1:2' },
    { chmod: '0600' },
    { parents: true, sources: ['d/b'] },
    { kind: 'add' },
  ];
  for (let round = 0; round < 2; round++)
    for (const more of ASKED) {
      const fresh = await linesOf(temp.path, createMemoryCatalog(), more);
      t.deepEqual((await linesOf(temp.path, kept, more)).lines, fresh.lines, JSON.stringify(more));
    }
  await t.throwsAsync(linesOf(temp.path, kept, { sources: ['none'] }), { code: 'COPY_MISSING' });
});

test('what is younger than the clock can tell proves nothing: nothing is kept', async (t) => {
  using temp = temporaryDirectory('varve-lines');
  const path = join(temp.path, 'a');
  const kept = createMemoryCatalog();
  for (let round = 0; round < 30; round++) {
    // Of one size, with one mtime; the ctime may be of one tick.
    writeFileSync(path, String(10 + round));
    utimesSync(path, 1, 1);
    const { lines } = await linesOf(temp.path, kept);
    t.deepEqual(lines, (await linesOf(temp.path, createMemoryCatalog())).lines, String(round));
  }
});
