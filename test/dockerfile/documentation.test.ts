// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Dockerfiles
import { readFileSync } from 'node:fs';
import test from 'ava';
import { DIRECTIVES } from '../../src/dockerfile/directives.ts';
import { createLexer } from '../../src/dockerfile/expand-word.ts';
import { parseHeredocMark } from '../../src/dockerfile/heredoc.ts';
import { INSTRUCTION_FLAGS } from '../../src/dockerfile/instruction-table.ts';
import { LINT_RULES } from '../../src/dockerfile/lint-rules.ts';
import { MOUNT_OPTIONS } from '../../src/instructions/mount-options.ts';
import { checkText } from '../build/support/check-text.ts';
import { refusal } from './support/parse.ts';

const TEXT = readFileSync(new URL('../../docs/dockerfile.md', import.meta.url), 'utf8');

/** The rows of the table below a heading, without the backticks. */
function rowsBelow(heading: string): string[][] {
  const section = TEXT.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
  );
}

const named = (rows: readonly string[][], cells: number) => rows.map((row) => row.slice(0, cells).join(' ').trim());

test('every instruction and flag has its row, and no other has', (t) => {
  const wanted = Object.entries(INSTRUCTION_FLAGS).flatMap(([kind, flags]) => {
    const name = kind.toUpperCase();
    return [name, ...Object.keys(flags).map((flag) => `${name} --${flag}`)];
  });
  t.deepEqual(named(rowsBelow('Instructions and flags'), 2).sort(), wanted.sort());
});

test('every mount option has its row, and no other has', (t) => {
  const wanted = [...MOUNT_OPTIONS].flatMap(([type, options]) => options.map((option) => `${type} ${option}`));
  t.deepEqual(named(rowsBelow('RUN --mount'), 2).sort(), wanted.sort());
});

test('every directive has its row, and no other has', (t) => {
  t.deepEqual(named(rowsBelow('Directives'), 1).sort(), [...DIRECTIVES].sort());
});

test('a state is supported or refused', (t) => {
  const states = [
    ...rowsBelow('Instructions and flags').map((row) => row[2]),
    ...rowsBelow('RUN --mount').map((row) => row[2]),
    ...['Heredocs', 'Directives', 'Substitution'].flatMap((heading) => rowsBelow(heading).map((row) => row[1])),
  ];
  t.true(states.length > 90);
  t.deepEqual(
    states.filter((state) => state !== 'supported' && state !== 'refused'),
    [],
  );
});

test('flags that are refused are refused by name', async (t) => {
  const refused = rowsBelow('Instructions and flags').filter((row) => row[2] === 'refused');
  t.deepEqual(named(refused, 2), ['RUN --device']);
  const { error } = await checkText(['FROM scratch', 'RUN --device=vendor/class true']);
  t.is(error?.location?.start, 2);
  t.regex(error?.message ?? '', /RUN --device=vendor\/class is not supported/);
});

test('substitutions are as their rows say', (t) => {
  const lexer = createLexer('\\');
  const variables = new Map([['name', 'value']]);
  for (const [form = '', state] of rowsBelow('Substitution')) {
    if (state === 'supported') t.notThrows(() => lexer.word(form, variables), form);
    else t.regex(refusal(() => lexer.word(form, variables)).message, /unsupported modifier/, form);
  }
});

test('heredocs are as their rows say', (t) => {
  for (const [form = ''] of rowsBelow('Heredocs')) t.is(parseHeredocMark(form)?.name, 'EOF', form);
});

test('there are as many rules as the text says', (t) => {
  t.true(TEXT.includes(`[${Object.keys(LINT_RULES).length} rules]`));
});
