import test from 'ava';
import { readHere } from './bake-here.ts';

/** An expression, and what an argument with it comes to. */
const VALUES: readonly (readonly [expression: string, value: string])[] = [
  ['1 + 2 * 3', '7'],
  ['(1 + 2) * 3', '9'],
  ['7 % 4 - -1', '4'],
  ['1 / 4', '0.25'],
  ['1 == "1"', 'false'],
  ['true && !false || false', 'true'],
  ['2 > 1 ? "more" : "less"', 'more'],
  ['true ? 1 : "one"', '1'],
  ['"a${1 + 1}b"', 'a2b'],
  ['"$${esc} %%{x} \\"q\\" \\u00e9"', '${esc} %{x} "q" é'],
  ['"%{ if true }yes%{ else }no%{ endif }"', 'yes'],
  ['"%{ for x in ["a", "b"] }<${x}>%{ endfor }"', '<a><b>'],
  ['"x ${~ "y" ~} z"', 'xyz'],
  ['join(",", [for x in [3, 1, 2] : x * 2 if x > 1])', '6,4'],
  ['join(",", [for k, v in {b = 1, a = 2} : "${k}${v}"])', 'a2,b1'],
  ['{for x in ["a", "b"] : x => upper(x)}.b', 'B'],
  ['jsonencode({for x in ["ab", "ac", "b"] : substr(x, 0, 1) => x...})', '{"a":["ab","ac"],"b":["b"]}'],
  ['join(",", [{a = [1]}, {a = [2]}][*].a[0])', '1,2'],
  ['[{a = 1}, {a = 2}].*.a[1]', '2'],
  ['[{a = 1}, {a = 2}].1.a', '2'],
  ['join(",", {a = ["x"]}.a.*)', 'x'],
  ['min([4, 2, 3]...)', '2'],
  ['try(nothing, "else")', 'else'],
  ['can(nothing)', 'false'],
  ['convert("3", number) + 1', '4'],
  // Functions of go-cty and buildx.
  ['title("hello world")', 'Hello World'],
  ['replace("a.b.c", ".", "-")', 'a-b-c'],
  ['regex_replace("v1.2", "v(\\\\d+)\\\\.(\\\\d+)", "$2.$1")', '2.1'],
  ['regex("(?P<major>\\\\d+)", "v12").major', '12'],
  ['format("%05.1f|%-4s|%x|%q|%[1]v", 3.14159, "ab", 255, "c")', '003.1|ab  |ff|"c"|3.14159'],
  ['join(",", formatlist("%s-%d", ["a", "b"], [1, 2]))', 'a-1,b-2'],
  ['chomp("a\\n\\n")', 'a'],
  ['indent(2, "a\\nb")', 'a\n  b'],
  ['trim("xxaxx", "x")', 'a'],
  ['substr("hello", -3, 2)', 'll'],
  ['strlen("é👩‍👩‍👧")', '2'],
  ['join(",", sort(["b", "a"]))', 'a,b'],
  ['join(",", reverselist(["b", "a"]))', 'a,b'],
  ['reverse("abc")', 'cba'],
  ['join(",", compact(["", "a", ""]))', 'a'],
  ['join(",", distinct(["a", "b", "a"]))', 'a,b'],
  ['join(",", flatten([["a"], [["b"]]]))', 'a,b'],
  ['length(setproduct(["a", "b"], ["c", "d"]))', '4'],
  ['join(",", setunion(["b"], ["a", "b"]))', 'a,b'],
  ['join(",", setsymmetricdifference(["a", "b"], ["b", "c"]))', 'a,c'],
  ['join(",", range(0, 6, 2))', '0,2,4'],
  ['lookup({a = "b"}, "c", "d")', 'd'],
  ['merge({a = 1}, {a = 2}).a', '2'],
  ['zipmap(["a"], ["b"]).a', 'b'],
  ['element(["a", "b"], 3)', 'b'],
  ['indexof(["a", "b"], "b")', '1'],
  ['coalesce(null, "x")', 'x'],
  ['parseint("ff", 16)', '255'],
  ['pow(2, 10)', '1024'],
  ['signum(-3)', '-1'],
  ['base64encode("hi")', 'aGk='],
  ['base64decode("aGk=")', 'hi'],
  ['jsonencode({b = [1, true, null], a = "<"})', '{"a":"\\u003c","b":[1,true,null]}'],
  ['jsondecode("{\\"a\\": [1]}").a[0]', '1'],
  ['csvdecode("a,b\\n1,\\"x,y\\"\\n")[0].b', 'x,y'],
  ['urlencode("a b/ä")', 'a+b%2F%C3%A4'],
  ['md5("a")', '0cc175b9c0f1b6a831c399e269772661'],
  ['sha1("a")', '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'],
  ['uuidv5("dns", "www.example.com")', '2ed6657d-e927-568b-95e1-2665a8aea6a2'],
  ['cidrhost("10.12.112.0/20", 16)', '10.12.112.16'],
  ['cidrnetmask("172.16.0.0/12")', '255.240.0.0'],
  ['cidrsubnet("fd00:fd12:3456:7890::/56", 16, 162)', 'fd00:fd12:3456:7800:a200::/72'],
  ['join(" ", cidrsubnets("10.1.0.0/16", 4, 4, 8, 4))', '10.1.0.0/20 10.1.16.0/20 10.1.32.0/24 10.1.48.0/20'],
  ['timestamp()', '2024-02-03T04:05:06Z'],
  ['formatdate("EEE, DD MMM YYYY hh:mm:ss ZZZ", timestamp())', 'Sat, 03 Feb 2024 04:05:06 UTC'],
  ['timeadd("2017-11-22T00:00:00Z", "10m")', '2017-11-22T00:10:00Z'],
  ['unixtimestampparse(1690328596).rfc3339', '2023-07-25T23:43:16Z'],
  ['unixtimestampparse(1690328596).iso_week', '30'],
  ['basename("/a/b.c")', 'b.c'],
  ['dirname("/a/b.c")', '/a'],
  ['homedir()', '/home/user'],
  ['sanitize("a/b:c.d")', 'a_b_c_d'],
  ['semvercmp("1.5.0", ">= 1.2, < 2")', 'true'],
  ['semvercmp("v3.0.0", "~1.2 || ^2")', 'false'],
  ['BAKE_LOCAL_PLATFORM', 'linux/amd64'],
];

for (const [expression, value] of VALUES)
  test(`${expression} is ${value}`, (t) => {
    const { targets } = readHere(`target "t" {\n args = {\n  x = ${expression}\n }\n}`);
    t.is(targets.get('t')?.args?.x, value);
  });

/** A file, and what its error says; the line in it. */
const MISTAKES: readonly (readonly [text: string, says: RegExp, line?: number])[] = [
  ['target "t" {\n tags = [nothing]\n}', /no variable named "nothing"/, 2],
  ['target "t" {\n tags = [upper("a", "b")]\n}', /upper: it takes 1 arguments/, 2],
  ['target "t" {\n args = { a = bcrypt("x") }\n}', /no function named "bcrypt"/, 2],
  ['target "t" {\n args = { a = "x${null}" }\n}', /is null/, 2],
  ['target "t" {\n args = { a = 1 / 0 }\n}', /division by zero/, 2],
  ['target "t" {\n args = { a = [1][3] }\n}', /none at 3/, 2],
  ['target "t" {\n context = "x\n}', /no closing quote/, 2],
  ['target "t" {\n a = 1\n a = 2\n}', /set twice/, 3],
  ['target "t" {\n tags = ["a" "b"]\n}', /"," is missing/, 2],
  ['target "t" {\n colour = "red"\n}', /no attribute "colour"/, 1],
  ['target "a b" {}', /only \[a-zA-Z0-9_-\] are allowed/, 1],
  ['target "t" {\n policy = []\n}', /source policies/, 1],
  ['variable "A" {\n default = B\n}\nvariable "B" {\n default = A\n}', /variable cycle not allowed/],
  ['function "f" {\n params = [x]\n result = f(x)\n}\nv = f(1)', /function cycle not allowed/],
  ['function "f" {\n result = 1\n}', /empty params/, 1],
  ['function "f" {\n params = []\n}', /empty result/, 1],
  ['target "a" {\n context = target.a.context\n}', /reference cycle/, 2],
  ['target "a" {\n tags = target\n}', /cannot access target as a variable/, 2],
  ['group "g" {\n matrix = {a = ["b"]}\n targets = []\n}', /matrix is not supported for groups/],
  ['target "a" {\n name = "b"\n}', /name requires matrix/],
  ['target "a" {\n matrix = "b"\n}', /matrix must be a map/],
  ['target "a" {\n matrix = {x = "b"}\n}', /matrix values must be a list/],
  ['target "a" {\n matrix = {x = ["b", "c"]}\n name = "d"\n}', /duplicate name "d"/],
  ['variable "V" {\n type = lower("bool")\n}', /not a valid type/],
  ['variable "V" {\n type = list(number)\n default = ["oops"]\n}', /invalid type for the V default value/],
  [
    'variable "V" {\n default = "x"\n validation {\n  condition = V == "y"\n  error_message = "V is ${V}"\n }\n}',
    /Validation failed: V is x/,
    4,
  ],
];

for (const [text, says, line] of MISTAKES)
  test(`a mistake is told: ${says.source} ${text.slice(0, 30)}`, (t) => {
    const error = t.throws(() => readHere(text), { message: says }) as Error & { location?: { start: number } };
    if (line !== undefined) t.is(error.location?.start, line);
  });

test('a new line ends an expression: what follows is the next item of the object', (t) => {
  const { targets } = readHere('B = "b"\nC = "c"\ntarget "t" {\n args = {\n  A = B\n  (C) = "d"\n }\n}');
  t.deepEqual(targets.get('t')?.args, { A: 'b', c: 'd' });
});

test('heredocs keep their lines, and those with a dash lose their indent', (t) => {
  const text = 'target "t" {\n args = {\n  A = <<E\n  x\n E\n  B = <<-E\n    x\n      y ${1}\n  E\n }\n}';
  const { targets } = readHere(text);
  t.deepEqual(targets.get('t')?.args, { A: '  x\n', B: 'x\n  y 1\n' });
});

test('comments of all three kinds are none of the text', (t) => {
  t.is(readHere('# a\n// b\n/* c\n*/ target "t" { context = "x" }').targets.get('t')?.context, 'x');
});
