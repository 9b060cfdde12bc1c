import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'ava';
import { readCorpusFile } from './support/corpus.ts';

/** The files whose every group is run by some test, or left out for a reason. */
const FILES = [
  'dockerfile-parser/parser.json',
  'shell-words/lex.json',
  'instructions.json',
  'dockerignore.json',
  'paths.json',
  'copy-destination.json',
];

/** Groups that are about other things than a Dockerfile's meaning in BuildKit on Linux. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'pattern-to-regex': "BuildKit's regular expressions, of which there are none here",
  'reverse-pattern': 'as pattern-to-regex',
  'reverse-string': 'as pattern-to-regex',
  'env-lookup': 'variables are a Map here',
  compile: "moby/patternmatcher's regular expressions, of which there are none here",
  'is-abs': 'paths of Windows',
  'drive-letter': 'paths of Windows',
  platform: "defaults of BuildKit's workers",
  'args-under-env': 'a map for BuildKit to print; ARG and ENV are one list here, in which the last counts',
  'from-archive': "buildah's tar streams; copy-info has the same sources as files",
  'from-container': 'as from-archive',
  'instruction-state': "buildah's builder, which sees other variables than BuildKit does",
  'merge-env': "buildah's lists; add-env has BuildKit's",
};

test('every group of the corpora is run, or left out for a reason', (t) => {
  const tests = readdirSync(join(import.meta.dirname, '..'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts') && basename(path) !== 'corpus-coverage.test.ts')
    .map((path) => readFileSync(join(import.meta.dirname, '..', path), 'utf8'));
  const lost: string[] = [];
  let run = 0;
  let leftOut = 0;
  for (const file of FILES) {
    const bytes = readCorpusFile(t, file);
    if (bytes === undefined) return;
    const { cases } = JSON.parse(bytes.toString('utf8')) as { cases: { group: string }[] };
    for (const { group } of cases) {
      const isRun = tests.some((text) => text.includes(`'${group}'`) && text.includes(basename(file)));
      if (isRun) run++;
      else if (group in LEFT_OUT) leftOut++;
      else lost.push(`${file}: ${group}`);
    }
  }
  t.deepEqual([...new Set(lost)], []);
  t.log(`${run} cases are run, ${leftOut} are left out`);
});
