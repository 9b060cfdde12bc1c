import test from 'ava';
import { parseIgnoreFile } from '../../src/dockerfile/ignore-file.ts';
import { parseIgnorePattern } from '../../src/dockerfile/ignore-pattern.ts';
import { createPatternMatcher } from '../../src/dockerfile/pattern-matcher.ts';
import { fromText } from '../../src/io/byte-path.ts';
import { difference, eachCase, failure } from './support/corpus.ts';

const FILE = 'dockerignore.json';

interface MatchCase {
  readonly patterns: string[];
  readonly path: string;
  readonly expect: { match?: boolean; error?: string };
}

test('patterns and paths', (t) => {
  for (const group of ['matches', 'matches-parents']) {
    eachCase<MatchCase>(t, FILE, group, ({ patterns, path, expect }) => {
      const match = () => createPatternMatcher(patterns.map(fromText)).matches(fromText(path));
      return expect.error === undefined ? difference(match(), expect.match) : failure(match, expect.error);
    });
  }
});

test('a walk gives the same answers', (t) => {
  eachCase<MatchCase>(t, FILE, 'matches', ({ patterns, path, expect }) => {
    const matcher = createPatternMatcher(patterns.map(fromText));
    const parts = path.split('/');
    for (let i = 1; i < parts.length; i++) matcher.matches(fromText(parts.slice(0, i).join('/')));
    return difference(matcher.matches(fromText(path)), expect.match);
  });
});

test('cleaning', (t) => {
  type Case = {
    patterns: string[];
    expect: { count?: number; exclusions?: boolean; error?: true };
    recorded: { cleaned?: unknown; error?: string };
  };
  eachCase<Case>(t, FILE, 'clean-patterns', ({ patterns, expect, recorded }) => {
    if (expect.error) return failure(() => createPatternMatcher(patterns), recorded.error ?? true);
    const cleaned = patterns
      .map(parseIgnorePattern)
      .filter((pattern) => pattern !== undefined)
      .map(({ text, exception }) => ({ cleaned: text, exclusion: exception }));
    return (
      difference(cleaned, recorded.cleaned) ??
      difference([cleaned.length, createPatternMatcher(patterns).hasExceptions], [expect.count, expect.exclusions])
    );
  });
});

test('a malformed pattern fails every time', (t) => {
  type Case = { patterns: string[]; path: string; expect: { errors: string[] } };
  eachCase<Case>(t, FILE, 'malformed-repeated', ({ patterns, path, expect }) => {
    const matcher = createPatternMatcher(patterns);
    return expect.errors.map((words) => failure(() => matcher.matches(path), words)).find(Boolean);
  });
});

test('ignore files', (t) => {
  type Case = { content: string | null; expect: string[] | null; recorded?: { moby: string[] } };
  for (const group of ['ignorefile', 'ignorefile-imagebuilder', 'ignorefile-recorded']) {
    eachCase<Case>(t, FILE, group, ({ content, expect, recorded }) =>
      difference(parseIgnoreFile(Buffer.from(content ?? '')), recorded?.moby ?? expect),
    );
  }
});
