// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Dockerfiles
import test from 'ava';
import { parse, refusal } from './support/parse.ts';

/** `Rule@line` of all warnings. */
function rules(...lines: string[]): string[] {
  return parse(...lines).warnings.map(({ rule, location }) => `${rule}@${location.start}`);
}

test('each rule fires', (t) => {
  const cases: [string[], string][] = [
    [['FROM a AS B'], 'StageNameCasing@1'],
    [['FROM a as b'], 'FromAsCasing@1'],
    [['FROM a AS scratch'], 'ReservedStageName@1'],
    [['FROM a AS b', 'FROM a AS b'], 'DuplicateStageName@2'],
    [['FROM --platform=${TARGETPLATFORM} a'], 'RedundantTargetPlatform@1'],
    [['FROM a', 'RUN x', 'run y'], 'ConsistentInstructionCasing@3'],
    [['FROM a', 'RUN x \\', '', ' y'], 'NoEmptyContinuation@4'],
    [['FROM a', 'CMD x'], 'JSONArgsRecommended@2'],
    [['FROM a', 'MAINTAINER x'], 'MaintainerDeprecated@2'],
    [['FROM a', 'ENV x y'], 'LegacyKeyValueFormat@2'],
    [['FROM a', 'CMD []', 'CMD []'], 'MultipleInstructionsDisallowed@2'],
    [['FROM a', 'ARG API_TOKEN'], 'SecretsUsedInArgOrEnv@2'],
  ];
  for (const [lines, rule] of cases) t.deepEqual(rules(...lines), [rule]);
});

test('and does not fire where it should not', (t) => {
  t.deepEqual(rules('from a as b', 'cmd ["x"]', 'env a=b'), []);
  t.deepEqual(rules('FROM a', 'SHELL ["x"]', 'CMD y'), []);
  t.deepEqual(rules('FROM a', 'CMD []', 'FROM a', 'CMD []'), []);
  t.deepEqual(rules('FROM a', 'ENV PUBLIC_KEY=1 TOKENIZER=1', 'ARG PASSWORD_FILE'), []);
});

test('check directives', (t) => {
  t.deepEqual(rules('# check=skip=JSONArgsRecommended', 'FROM a', 'CMD x', 'ENV a b'), ['LegacyKeyValueFormat@4']);
  t.deepEqual(rules('# check=skip=all', 'FROM a', 'CMD x', 'ENV a b'), []);
  t.deepEqual(rules('FROM a', '# check=skip=JSONArgsRecommended', 'CMD x', 'ENV a b'), ['LegacyKeyValueFormat@4']);
  const failed = refusal(() => parse('# check=error=true', 'FROM a', 'CMD x'));
  t.is(failed.code, 'CHECK');
  t.regex(failed.message, /line 3: JSONArgsRecommended/);
  t.is(failed.location?.start, 3);
  t.is(parse('# check=error=true;skip=all', 'FROM a', 'CMD x').warnings.length, 0);
  t.regex(
    refusal(() => parse('# check=skp=all', 'FROM a')).message,
    /invalid check option "skp" \(did you mean skip\?\)/,
  );
  t.regex(refusal(() => parse('# check=error=perhaps', 'FROM a')).message, /neither true nor false/);
});

test('descriptions are checked when asked for', (t) => {
  const lines = ['# something else', 'ARG a', '', '#', '# b is described', 'FROM x AS b'];
  t.deepEqual(rules(...lines), []);
  t.deepEqual(rules('# check=experimental=all', '#', ...lines), ['InvalidDefinitionDescription@4']);
});
