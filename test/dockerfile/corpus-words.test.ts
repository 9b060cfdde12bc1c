import test from 'ava';
import { createLexer } from '../../src/dockerfile/expand-word.ts';
import { difference, eachCase, failure, readCorpusFile } from './support/corpus.ts';

const FILE = 'shell-words/lex.json';
const lexer = createLexer('\\');

interface Expected {
  readonly result?: string;
  readonly matched?: string[];
  readonly unmatched?: string[];
  readonly error?: string | true;
  readonly errorContains?: string;
}

interface Case {
  readonly input: string;
  readonly env?: Record<string, string>;
  readonly envList?: string[];
  readonly expect: Expected;
  readonly recorded?: Expected & { readonly buildkit?: Expected };
  readonly buildkitDiffers?: boolean;
}

test('single words', (t) => {
  for (const group of ['process-with-matches', 'mandatory', 'imagebuilder-words']) {
    eachCase<Case>(t, FILE, group, ({ input, env, envList, expect, recorded, buildkitDiffers }) => {
      const variables = env ? new Map(Object.entries(env)) : fromList(envList ?? []);
      // Where imagebuilder and BuildKit differ, BuildKit is what counts.
      const wanted = buildkitDiffers ? recorded?.buildkit : expect;
      if (wanted?.error || wanted?.errorContains) {
        const text = recorded?.error ?? recorded?.buildkit?.error ?? wanted.errorContains ?? true;
        return failure(() => lexer.word(input, variables), text);
      }
      const { value, matched, unmatched } = lexer.word(input, variables);
      const names = { matched: matched.toSorted(), unmatched: unmatched.toSorted() };
      return difference({ result: value, ...(wanted?.matched ? names : {}) }, wanted);
    });
  }
});

test('the table of words', (t) => {
  const table = readCorpusFile(t, 'shell-words/envVarTest');
  if (table === undefined) return;
  const variables = fromList(['PWD=/home', 'SHELL=bash', 'KOREAN=한국어', 'NULL=']);
  let count = 0;
  for (const line of table.toString('utf8').split('\n')) {
    const [platform, source, expected] = line.split('|').map((cell) => cell.trim());
    // Lines with W are about Windows, where names have no letter case.
    if (line.startsWith('#') || source === undefined || platform === 'W') continue;
    const expand = () => lexer.word(source, variables);
    t.is(expected === 'error' ? failure(expand, true) : difference(expand().value, expected), undefined, line);
    count++;
  }
  t.is(count, 228);
});

test('the table of lists', (t) => {
  const table = readCorpusFile(t, 'shell-words/wordsTest');
  if (table === undefined) return;
  const variables = new Map<string, string>();
  let count = 0;
  for (const line of table.toString('utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value] = /^ENV\s+([^=]*)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      variables.set(name, value ?? '');
      continue;
    }
    const [source = '', expected = ''] = line.split('|');
    const expand = () => lexer.words(source.trim(), variables);
    const wanted = expected.trimStart();
    t.is(wanted === 'error' ? failure(expand, true) : difference(expand().join(','), wanted), undefined, line);
    count++;
  }
  t.is(count, 24);
});

function fromList(entries: readonly string[]): Map<string, string> {
  return new Map(entries.map((entry) => [entry.replace(/=.*$/s, ''), entry.replace(/^[^=]*=?/, '')]));
}
