import test from 'ava';
import { flagOption, numberOption, parseMountOptions, textOption } from '../../src/instructions/mount-options.ts';

const same = (value: string): string => value;
const parse = (text: string, expand = same) => Object.fromEntries(parseMountOptions(text, expand));

test('aliases, and readwrite as the opposite of readonly', (t) => {
  t.deepEqual(parse('src=a,dst=b,ro'), { source: 'a', target: 'b', readonly: true });
  t.deepEqual(parse('destination=b,rw'), { target: 'b', readonly: 'false' });
  t.deepEqual(parse('target=b,readwrite=0'), { target: 'b', readonly: 'true' });
  t.deepEqual(parse('target=a,target=b'), { target: 'b' });
  t.deepEqual(parse('target=b=c'), { target: 'b=c' });
});

test('every value is expanded but that of from', (t) => {
  const seen: string[] = [];
  const expand = (value: string): string => {
    seen.push(value);
    return `<${value}>`;
  };
  t.deepEqual(parse('target=a,source=b,from=c,rw', expand), {
    target: '<a>',
    source: '<b>',
    from: 'c',
    readonly: 'false',
  });
  t.deepEqual(seen, ['a', 'b']);
});

test('a type may come from a variable', (t) => {
  const expand = (value: string): string => value.replace('$T', 'cache');
  t.deepEqual(parse('type=$T,target=a,id=i', expand), { type: 'cache', target: 'a', id: 'i' });
  t.throws(() => parse('type=bind,target=a,id=i'), { message: "unexpected key 'id' for mount type 'bind'" });
});

test('quotes as CSV has them', (t) => {
  t.deepEqual(parse('"source=a,b","target=c""d"'), { source: 'a,b', target: 'c"d' });
});

test('flags, text and numbers', (t) => {
  const options = new Map<string, string | true>([
    ['bare', true],
    ['yes', 'T'],
    ['no', '0'],
    ['empty', ''],
    ['mode', '4755'],
    ['uid', '4294967295'],
    ['gid', '010'],
  ]);
  t.deepEqual(
    ['bare', 'yes', 'no', 'absent'].map((key) => flagOption(options, key)),
    [true, true, false, false],
  );
  t.true(flagOption(options, 'absent', true));
  t.is(textOption(options, 'empty'), undefined);
  t.is(textOption(options, 'bare'), undefined);
  t.is(numberOption(options, 'mode', 0), 0o4755);
  t.is(numberOption(options, 'uid', 0), 4294967295);
  t.is(numberOption(options, 'gid', 0), 10);
  t.is(numberOption(options, 'empty', 7), 7);
});
