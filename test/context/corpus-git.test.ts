import test from 'ava';
import { gitFragmentForm, isCommitId, parseGitReference } from '../../src/context/git-reference.ts';
import { parseGitUrl } from '../../src/context/git-url.ts';
import { VarveError } from '../../src/errors.ts';
import { loadCases } from '../snapshot/support/corpus.ts';
import { noCorpora } from '../support/corpora.ts';

const FILE = 'git-ref.json';

interface ReferenceCase {
  readonly id: string;
  readonly ref: string;
  readonly expect: Record<string, unknown> & { readonly error?: true; readonly errorContains?: string };
  readonly recorded: { readonly isGitRef: boolean };
}

test('git references', (t) => {
  const cases = loadCases<ReferenceCase>(FILE, 'parse-git-ref');
  if (!cases) return noCorpora(t, FILE);
  t.true(cases.length > 0);
  for (const { id, ref, expect, recorded } of cases) {
    if (expect.error && recorded.isGitRef) {
      const error = t.throws(() => parseGitReference(ref), { instanceOf: VarveError, code: 'GIT_REFERENCE' }, id);
      t.true(error?.message.includes(expect.errorContains ?? ''), `${id}: ${error?.message}`);
      continue;
    }
    const found = parseGitReference(ref);
    if (expect.error) {
      t.is(found, undefined, id);
      continue;
    }
    const { indistinguishableFromLocal, unencryptedTCP: _, subDir, keepGitDir, submodules, mtime, ...same } = expect;
    t.deepEqual(
      { ...found },
      {
        ...same,
        subdir: subDir,
        looksLocal: indistinguishableFromLocal,
        ...(keepGitDir === null ? {} : { keepGitDir }),
        ...(submodules === null ? {} : { submodules }),
        ...(mtime === '' ? {} : { mtime }),
      },
      id,
    );
  }
});

test('the short form', (t) => {
  type Case = { id: string; ref: string; withSubdir: boolean; expect: { result: string; ok: boolean } };
  const cases = loadCases<Case>(FILE, 'fragment-format');
  if (!cases) return noCorpora(t, FILE);
  t.true(cases.length > 0);
  for (const { id, ref, withSubdir, expect } of cases) t.deepEqual(gitFragmentForm(ref, withSubdir), expect, id);
});

test('addresses', (t) => {
  type Case = { id: string; url: string; expect: Record<string, unknown>; recorded: { remote?: string } };
  const cases = loadCases<Case>(FILE, 'parse-url');
  if (!cases) return noCorpora(t, FILE);
  t.true(cases.length > 0);
  for (const { id, url, expect, recorded } of cases) {
    const found = parseGitUrl(url);
    if (expect.error || typeof found === 'string' || recorded.remote === undefined) {
      t.is(found, 'invalid protocol', id);
      continue;
    }
    const { scheme, host, path, user, fragment, query, remote } = found;
    const listed = query.size === 0 ? null : Object.fromEntries(query);
    t.deepEqual({ scheme, host, path, user, opts: fragment ?? null, query: listed }, expect, id);
    t.is(remote, recorded.remote, id);
  }
});

test('commits', (t) => {
  type Case = { id: string; value: string; expect: boolean };
  const cases = loadCases<Case>(FILE, 'commit-sha');
  if (!cases) return noCorpora(t, FILE);
  t.true(cases.length > 0);
  for (const { id, value, expect } of cases) t.is(isCommitId(value), expect, id);
});
