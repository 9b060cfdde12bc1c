// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Dockerfiles
import test from 'ava';
import { createLexer, expandHeredoc } from '../../src/dockerfile/expand-word.ts';
import { refusal } from './support/parse.ts';

const lexer = createLexer('\\');
const env = new Map([
  ['A', 'one'],
  ['E', ''],
  ['S', 'a b  c'],
  ['P', '/usr/local/lib.so.1'],
  ['N', 'x\ny'],
  ['D', '$1-$0-$$'],
]);

function word(text: string): string {
  return lexer.word(text, env).value;
}

test('quotes and escapes', (t) => {
  t.is(word(`"$A"'$A'\\$A"\\$A"`), 'one$A$A$A');
  t.is(createLexer('`').word('`$A \\$A', env).value, '$A \\one');
  t.is(word('$A_$A.$ $'), 'one.$ $');
});

test('patterns', (t) => {
  t.is(word('${P##*/}'), 'lib.so.1');
  t.is(word('${P#*/}'), 'usr/local/lib.so.1');
  t.is(word('${P%.*}'), '/usr/local/lib.so');
  t.is(word('${P%%.*}'), '/usr/local/lib');
  t.is(word('${P//\\//-}'), '-usr-local-lib.so.1');
  t.is(word('${P/l?/L}'), '/usr/Lcal/lib.so.1');
  t.is(word('${N#*}'), 'x\ny');
  t.is(word('${N##*}'), '\ny', 'a wildcard stops at the end of a line');
  t.is(word('${A//}/}'), 'one');
  t.is(word('${A//\\}/}'), 'one');
  t.is(word('${A///-}'), '-o-n-e-');
});

test('replacements of all matches are templates of Go, of one they are text', (t) => {
  t.is(word('${A/o/$D}'), '$1-$0-$$ne');
  t.is(word('${A//o/$D}'), '-o-$ne');
});

test('words are split after expansion, not inside quotes', (t) => {
  t.deepEqual(lexer.words('x$S "$S" \\ y', env), ['xa', 'b', 'c', 'a b  c', ' y']);
  t.deepEqual(lexer.words('$E  $UNSET', env), []);
});

test('names are reported', (t) => {
  const { matched, unmatched } = lexer.word('$A ${NO:-$E} $NO', env);
  t.deepEqual([matched, unmatched], [['A', 'E'], ['NO']]);
});

test('heredocs keep quotes, and lose escapes', (t) => {
  t.is(expandHeredoc(`"$A" '$A' \\$A \\\\ a\\b <<  x\n`, env).value, `"one" 'one' $A \\ ab <<  x\n`);
  t.is(createLexer('`').heredoc('\\$A`$A', env), '$A`one');
});

test('errors', (t) => {
  const cases: [string, RegExp][] = [
    ['"x', /matching double-quote/],
    ["'x", /matching single-quote/],
    ['${A', /missing '}'/],
    ['${A:-x', /missing '}'/],
    ['${A/x}', /missing '\/'/],
    ['${}', /bad substitution/],
    ['${A:=x}', /unsupported modifier \(:=\)/],
    ['${A^}', /unsupported modifier \(\^\)/],
    ['${A#\\n}', /invalid escape '\\n'/],
    ['${NO:?give it}', /NO: give it/],
    ['${E:?}', /E: is not allowed to be empty/],
    ['${NO?}', /NO: is not allowed to be unset/],
    [`${'${A:-'.repeat(500)}x${'}'.repeat(500)}`, /nested deeper/],
  ];
  for (const [text, message] of cases) {
    const error = refusal(() => word(text));
    t.is(error.code, 'SUBSTITUTION');
    t.regex(error.message, message, text.slice(0, 20));
  }
});

test('an operand is expanded even when it is not needed, as in BuildKit', (t) => {
  t.is(word('${A:-${NO:-$E}}'), 'one');
  t.regex(refusal(() => word('${A:-${NO?}}')).message, /NO: is not allowed/);
});

test('a hostile pattern costs a table, and a huge one is refused', (t) => {
  const value = new Map([['X', 'a'.repeat(3000)]]);
  t.is(lexer.word(`\${X##${'*a'.repeat(1000)}b}`, value).value.length, 3000);
  t.regex(refusal(() => lexer.word(`\${X##${'*a'.repeat(10_000)}b}`, value)).message, /too much work/);
});
