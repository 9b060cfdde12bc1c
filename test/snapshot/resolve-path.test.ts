import test from 'ava';
import type { Entry } from '../../src/snapshot/entry.ts';
import { comparePaths } from '../../src/snapshot/path-order.ts';
import { resolvePath } from '../../src/snapshot/resolve-path.ts';
import { noCorpora } from '../support/corpora.ts';
import { loadCases } from './support/corpus.ts';
import { dir, file, symlink } from './support/entries.ts';

interface RootPathCase {
  readonly id: string;
  readonly tree: readonly { readonly op: string; readonly path: string; readonly target?: string }[];
  readonly path: string;
  readonly scope: string;
  readonly expect: { readonly path?: string; readonly error?: string };
}

const sourceOf = (entries: ReadonlyMap<string, Entry>, scope = '') => ({
  lookup: async (path: string) => entries.get([scope, path].filter(Boolean).join('/')),
});

test("containerd's cases of RootPath", async (t) => {
  const cases = loadCases<RootPathCase>('paths.json', 'root-path');
  if (!cases) return noCorpora(t, 'paths.json');
  t.is(cases.length, 21);
  for (const one of cases) {
    const entries = new Map<string, Entry>([['', dir()]]);
    for (const { op, path, target } of one.tree) {
      const parts = path === '.' ? [] : path.split('/');
      // As mkdir -p does, through links that are there already.
      const made: string[] = [];
      for (const [i, part] of parts.entries()) {
        const at = (
          await resolvePath(sourceOf(entries), [...made, part].join('/'), { followLast: i < parts.length - 1 })
        ).path;
        made.splice(0, made.length, ...at.split('/'));
        if (i < parts.length - 1 || op === 'mkdir') entries.set(at, entries.get(at) ?? dir());
        else entries.set(at, symlink(target!));
      }
    }
    const scope = (await resolvePath(sourceOf(entries), one.scope, { followLast: true })).path;
    const found = resolvePath(sourceOf(entries, scope), one.path, { followLast: true });
    if (one.expect.error) await t.throwsAsync(found, { code: 'SYMLINK_LOOP' }, one.id);
    else t.is((await found).path, one.expect.path!, one.id);
  }
  t.assert(true);
});

test('the last link is followed when asked, or when a slash follows it', async (t) => {
  const source = sourceOf(
    new Map<string, Entry>([
      ['', dir()],
      ['d', dir()],
      ['d/f', file('x')],
      ['l', symlink('d')],
      ['d/m', symlink('f')],
    ]),
  );
  const at = (path: string, followLast: boolean) => resolvePath(source, path, { followLast });
  t.deepEqual(await at('l', false), { path: 'l', entry: symlink('d') });
  t.deepEqual(await at('l', true), { path: 'd', entry: dir() });
  t.deepEqual(await at('l/', false), { path: 'd', entry: dir() });
  t.deepEqual(await at('/l/m', true), { path: 'd/f', entry: file('x') });
  t.deepEqual(await at('l/m', false), { path: 'd/m', entry: symlink('f') });
  t.deepEqual(await at('../..', true), { path: '', entry: dir() });
  t.deepEqual(await at('l/..', true), { path: '', entry: dir() });
  t.deepEqual(await at('', true), { path: '', entry: dir() });
  t.deepEqual(await at('l/no/./such//path', true), { path: 'd/no/such/path', entry: undefined });
});

test('a chain of 255 links is followed, one of 256 is a loop', async (t) => {
  const entries = new Map<string, Entry>([
    ['', dir()],
    ['l0', file('end')],
  ]);
  for (let i = 1; i <= 256; i++) entries.set(`l${i}`, symlink(`l${i - 1}`));
  t.is((await resolvePath(sourceOf(entries), 'l255', { followLast: true })).path, 'l0');
  await t.throwsAsync(resolvePath(sourceOf(entries), 'l256', { followLast: true }), {
    code: 'SYMLINK_LOOP',
    message: /l256/,
  });
});

test('path order is that of a tree walk', (t) => {
  const cases = loadCases<{ id: string; a: string; b: string; expect: number }>('paths.json', 'path-order');
  if (cases) t.log(Object.keys(cases[0]!));
  t.deepEqual(['b', 'a-b', 'a/z', 'a', '', 'a/\xff'].sort(comparePaths), ['', 'a', 'a/z', 'a/\xff', 'a-b', 'b']);
});
