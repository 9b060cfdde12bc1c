import test from 'ava';
import { EXECUTOR_ROWS } from '../../../src/cli/executor/executor-rows.ts';
import { parseFlags, parseGoBool } from '../../../src/cli/executor/parse-flags.ts';

const read = (...argv: string[]) => {
  const { given, words } = parseFlags(argv, EXECUTOR_ROWS, 'executor');
  return { ...Object.fromEntries(given), ...(words.length ? { words } : {}) };
};

test('values behind =, in the next word and right behind the letter, as in pflag', (t) => {
  t.deepEqual(read('--context=dir', '-f', 'D', '-dname', '-d=other'), {
    context: ['dir'],
    dockerfile: ['D'],
    destination: ['name', 'other'],
  });
  t.deepEqual(read('--context', '-x'), { context: ['-x'] }, 'the next word is the value, whatever it looks like');
  t.deepEqual(read('--label=a=b=c', '--label', 'd=e,f'), { label: ['a=b=c', 'd=e,f'] }, 'no comma separates labels');
  t.deepEqual(read('--target=a,b', '--target', 'c'), { target: ['a', 'b', 'c'] });
  t.deepEqual(read('--no-push', '--', '--cache'), { 'no-push': ['true'], words: ['--cache'] });
  t.deepEqual(read('-context'), { context: ['ontext'] }, 'one dash is for letters');
  t.deepEqual(read('--tarPath=x'), { 'tar-path': ['x'] });
});

test('bools take no other word', (t) => {
  t.deepEqual(read('--cache'), { cache: ['true'] });
  t.deepEqual(read('--cache=F'), { cache: ['false'] });
  t.deepEqual(read('--cache', 'true'), { cache: ['true'], words: ['true'] });
  for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True']) t.true(parseGoBool(text));
  for (const text of ['0', 'f', 'F', 'FALSE', 'false', 'False']) t.false(parseGoBool(text));
  t.is(parseGoBool('yes'), undefined);
});

test('what is wrong is refused by name', (t) => {
  const message = (...argv: string[]): string => t.throws(() => read(...argv))!.message;
  t.is(message('--contxt=x'), 'unknown flag: --contxt (did you mean --context?)');
  t.is(message('-c'), 'flag needs an argument: -c');
  t.is(message('-z'), "unknown shorthand flag: 'z' in -z");
  t.regex(message('--cache=maybe'), /"maybe" for --cache/);
  t.regex(message('--cache-ttl=6'), /"6" for --cache-ttl: missing unit/);
  t.regex(message('--push-retry=x'), /--push-retry: it is a whole number/);
  t.regex(message('--registry-certificate=x'), /it is written key=value/);
});
