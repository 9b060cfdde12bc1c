import { VARIABLE_ROWS } from '../../src/cli/executor/environment-rows.ts';
import { EXECUTOR_ROWS } from '../../src/cli/executor/executor-rows.ts';
import { FEATURE_ROWS } from '../../src/cli/executor/feature-rows.ts';
import type { FlagRow } from '../../src/cli/executor/flag-row.ts';
import { LOGIN_ROWS, PUSH_ROWS } from '../../src/cli/executor/push-rows.ts';
import { WARMER_ROWS } from '../../src/cli/executor/warmer-rows.ts';

const TABLES: Readonly<Record<string, () => string>> = {
  executor: () => flagTable(EXECUTOR_ROWS),
  warmer: () => flagTable(WARMER_ROWS),
  push: () => flagTable(PUSH_ROWS),
  login: () => flagTable(LOGIN_ROWS),
  variables: () =>
    table(
      'variable',
      VARIABLE_ROWS.map(({ name, meaning, says }) => [name, meaning, '', says]),
    ),
  features: () => {
    const rows = FEATURE_ROWS.map(({ name, always, says }) => {
      const value = always === undefined ? 'any' : always ? '1' : '0';
      return `| \`FF_KANIKO_${name}\` | ${value} | ${says} |`;
    });
    return ['| flag | what varve does is called | which is |', '|---|---|---|', ...rows].join('\n');
  },
};

/** The document with each table between `<!-- NAME -->` and `<!-- /NAME -->` made anew. */
export function withTables(text: string): string {
  return Object.entries(TABLES).reduce((before, [name, make]) => {
    const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const from = before.indexOf(start);
    const to = before.indexOf(end);
    if (from < 0 || to < from) throw new Error(`docs/from-kaniko.md has no place for the table ${name}`);
    return `${before.slice(0, from)}${start}\n\n${make()}\n\n${before.slice(to)}`;
  }, text);
}

function flagTable(rows: readonly FlagRow[]): string {
  return table(
    'flag',
    rows.map(({ name, short, meaning, to, env, alias, says, default: value, own }) => {
      const flag = [short === undefined ? '' : `-${short}`, `--${name}`].filter(Boolean).join(', ');
      const notes = [value === undefined ? '' : `default ${value}`, env === undefined ? '' : `or \`$${env}\``];
      const more = notes.filter(Boolean).join(', ');
      const what = alias === undefined ? says : `old name of --${alias}`;
      return [flag, own ? "varve's own" : meaning, to ?? '', `${what}${more ? ` (${more})` : ''}`];
    }),
  );
}

function table(what: string, rows: readonly (readonly [string, string, string, string])[]): string {
  const lines = rows.map(([name, meaning, to, says]) => {
    const names = name
      .split(', ')
      .map((each) => `\`${each}\``)
      .join(', ');
    return `| ${names} | ${meaning} | ${to ? `\`${to}\`` : ''} | ${says.replaceAll('|', '\\|')} |`;
  });
  return [`| ${what} | | in varve | |`, '|---|---|---|---|', ...lines].join('\n');
}
