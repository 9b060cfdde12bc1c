import test from 'ava';
import { readHere } from './bake-here.ts';

/** A variable's block, the environment, an expression of it, and its value or what the error says. */
const ROWS: readonly (readonly [string, Readonly<Record<string, string>>, string, string | RegExp])[] = [
  ['default = "a"', {}, 'V', 'a'],
  ['default = "a"', { V: 'b' }, 'V', 'b'],
  ['', {}, 'equal(V, "")', 'true'],
  ['default = null', {}, 'equal(V, null)', 'true'],
  ['default = null', { V: 'b' }, 'V', 'b'],
  ['default = 3', { V: '5.1' }, 'V > 5 ? "higher" : "lower"', 'higher'],
  ['default = 3', { V: 'NaN' }, 'V', /failed to parse V as number/],
  ['default = true', { V: '0' }, 'V ? "yes" : "no"', 'no'],
  ['default = true', { V: 'maybe' }, 'V', /failed to parse V as bool/],
  ['default = []', { V: 'b' }, 'length(V)', /unsupported type/],
  ['default = [1]', { V_JSON: '[3,4]' }, 'length(V)', /unsupported type/],
  ['type = string', {}, 'equal(V, null)', 'true'],
  ['type = object({val: string})\n default = null', {}, 'equal(V, null)', 'true'],
  ['type = number\n default = "99"', {}, 'V + 1', '100'],
  ['type = list(number)\n default = ["2", "3"]', {}, 'join("", [for v in V: v + 1])', '34'],
  ['type = object({a = string, b = optional(number, 3)})\n default = {a = 1}', {}, '"${V.a}${V.b}"', '13'],
  ['type = bool', { V: 'true' }, 'V', 'true'],
  ['type = number', { V: '1z' }, 'V', /failed to parse/],
  ['type = string', { V: '"hello"' }, 'V', '"hello"'],
  ['type = list(string)', { V: 'hi,there' }, 'join("-", V)', 'hi-there'],
  ['type = list(number)', { V: '3,1,4' }, 'join("-", [for v in V: v + 1])', '4-2-5'],
  ['type = set(number)', { V: '3,1,4,1' }, 'join("-", V)', '1-3-4'],
  ['type = map(number)', { V: 'foo:1,bar:2' }, 'join("-", sort(values(V)))', '1-2'],
  ['type = map(number)', { V: 'foo:1:1' }, 'V', /expected one k\/v pair/],
  ['type = map(number)', { V: 'foo:1z' }, 'V', /failed to parse element/],
  ['type = tuple([number,string])', { V: '99,bottles' }, 'format("%d %s", V[0], V[1])', '99 bottles'],
  ['type = list(string)', { V: '"hello,world' }, 'V', /from CSV/],
  ['type = list(list(number))', { V: '1,2' }, 'V', /unsupported type/],
  ['type = object({message: string})', { V: 'x' }, 'V', /unsupported type/],
  ['type = list(number)', { V: '1,2', V_JSON: '[3,4,5]' }, 'length(V)', '3'],
  ['type = string', { V_JSON: 'hello' }, 'V', /from JSON/],
  ['type = string', { V_JSON: '"hello"' }, 'V', 'hello'],
  ['type = map(number)', { V_JSON: '{"foo": "oops"}' }, 'V', /from JSON/],
  [
    'type = object({messages: list(string)})',
    { V_JSON: '{"messages": ["hi", "there"]}' },
    'join("-", V["messages"])',
    'hi-there',
  ],
];

for (const [block, env, expression, wanted] of ROWS)
  test(`variable { ${block} } with ${JSON.stringify(env)}: ${expression}`, (t) => {
    const text = `variable "V" {\n ${block}\n}\ntarget "t" {\n args = {\n  x = ${expression}\n }\n}`;
    if (typeof wanted === 'string') t.is(readHere(text, { env }).targets.get('t')?.args?.x, wanted);
    else t.throws(() => readHere(text, { env }), { message: wanted });
  });

test('a variable called NAME_JSON is itself, not the JSON of NAME', (t) => {
  const text =
    'variable "V" {\n type = list(number)\n}\nvariable "V_JSON" {\n type = list(number)\n}\ntarget "t" {\n args = {\n  x = length(V)\n }\n}';
  t.is(readHere(text, { env: { V: '1,2', V_JSON: '3' } }).targets.get('t')?.args?.x, '2');
});

test('variables know each other, in any order and file', (t) => {
  const files = [
    {
      name: 'a.hcl',
      text: 'variable "FOO" {\n default = upper("${BASE}def")\n}\nvariable "BAR" { default = "-${FOO}-" }\ntarget "app" { args = { v1 = "pre-${BAR}" } }',
    },
    { name: 'b.hcl', text: 'variable "BASE" { default = "abc" }\ntarget "app" { args = { v2 = "${FOO}-post" } }' },
  ];
  t.deepEqual(readHere(files).targets.get('app')?.args, { v1: 'pre--ABCDEF-', v2: 'ABCDEF-post' });
  t.is(readHere(files, { env: { BASE: 'new' } }).targets.get('app')?.args?.v1, 'pre--NEWDEF-');
});

test('an attribute of a later file is the value of a variable, which the environment goes before', (t) => {
  const files = [
    { name: 'a.hcl', text: 'variable "FOO" { default = "abc" }\ntarget "app" { args = { v1 = "pre-${FOO}" } }' },
    { name: 'b.hcl', text: 'FOO="def"' },
  ];
  t.is(readHere(files).targets.get('app')?.args?.v1, 'pre-def');
  t.is(readHere(files, { env: { FOO: 'ghi' } }).targets.get('app')?.args?.v1, 'pre-ghi');
  t.is(
    readHere('FOO="abc"\ntarget "app" { args = { v1 = FOO } }', { env: { FOO: 'x' } }).targets.get('app')?.args?.v1,
    'abc',
  );
});
