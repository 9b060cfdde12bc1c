import test from 'ava';
import { editSequence } from '../../../src/cli/bench/edit-sequence.ts';
import { scriptSchema } from '../../../src/cli/bench/script-schema.ts';
import { parseYaml } from '../../../src/cli/parse-yaml.ts';
import { VarveError } from '../../../src/errors.ts';

const GOOD = `context: app
variants:
  one: {}
edits:
  often: { weight: 9, do: [{ touch: a }] }
  seldom: { do: [{ set: { V: 2 } }, { remove: b }] }
`;

const read = (text: string) =>
  parseYaml(
    text,
    'bench.yaml',
    scriptSchema((context, path) => context === 'app' && path === 'Dockerfile'),
  );

test('what is left out has a default; values of variables are texts', (t) => {
  const script = read(GOOD);
  t.deepEqual(script.modes, ['warm', 'ci']);
  t.is(script.buildsPerMonth, 1000);
  t.deepEqual(script.variants, { one: { dockerfile: 'Dockerfile', flags: [] } });
  t.deepEqual(script.edits.seldom!.do[0], { set: { V: '2' } });
});

const WRONG: readonly [from: string, to: string, line: number, message: RegExp][] = [
  ['{ touch: a }', '{ tuch: a }', 5, /edits\.often\.do\.0\.tuch: there is no such key/],
  ['{ touch: a }', '{ touch: a, remove: b }', 5, /it is one of touch, write/],
  ['{ touch: a }', '{ touch: ../a }', 5, /touch: it is a path in the context/],
  ['{ touch: a }', '{ touch: /a }', 5, /touch: it is a path in the context/],
  ['{ touch: a }', '{ replace: { file: a, with: b } }', 5, /it has one of find and pattern/],
  ['{ touch: a }', '{ replace: { file: a, pattern: "(", with: b } }', 5, /no regular expression/],
  ['{ touch: a }', '{ swap: { file: a, lines: [b] } }', 5, /lines/],
  ['one: {}', 'one: { dockerfile: Other }', 3, /there is no file Other in the context app/],
  ['one: {}', 'one: { flags: [--store=x] }', 3, /the benchmark gives this flag itself/],
  ['one: {}', 'one/two: {}', 3, /letters, digits/],
  ['context: app', 'context: app\nmodes: [hot]', 2, /it is one of warm, ci, cold/],
  ['context: app', 'context: app\nmodes: [ci, ci]', 2, /a mode is there twice/],
  ['weight: 9', 'weight: 0', 5, /it is more than 0/],
];

for (const [from, to, line, message] of WRONG)
  test(`refused at its line: ${to.replaceAll('\n', ' ')}`, (t) => {
    const error = t.throws(() => read(GOOD.replace(from, to)), { instanceOf: VarveError, message });
    t.is(error.location?.start, line);
    t.is(error.exitCode, 2);
  });

test('without a seed each edit is made once; a seed always draws the same, by weight', (t) => {
  const script = read(GOOD);
  t.deepEqual(editSequence(script, undefined), ['often', 'seldom']);
  const drawn = editSequence(script, { seed: 7, count: 200 });
  t.deepEqual(editSequence(script, { seed: 7, count: 200 }), drawn);
  t.deepEqual(editSequence(script, { seed: 7, count: 50 }), drawn.slice(0, 50));
  t.notDeepEqual(editSequence(script, { seed: 8, count: 200 }), drawn);
  // 20 of 200 are expected; with these seeds it is always the same number.
  const seldom = drawn.filter((name) => name === 'seldom').length;
  t.true(seldom > 8 && seldom < 35, String(seldom));
});
