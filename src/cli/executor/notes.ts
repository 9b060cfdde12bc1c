import { VARIABLE_ROWS } from './environment-rows.ts';
import { FEATURE_ROWS } from './feature-rows.ts';
import type { FlagRow } from './flag-row.ts';
import { type ParsedFlags, parseGoBool } from './parse-flags.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const FEATURE = 'FF_KANIKO_';

/** A line for each flag that was given and that nothing comes of, with the reason. */
export function flagNotes({ given }: ParsedFlags, rows: readonly FlagRow[]): string[] {
  return rows
    .filter(({ meaning, alias, name }) => meaning === 'noted' && alias === undefined && given.has(name))
    .map(({ name, says }) => `--${name}: ${says}`);
}

/** The same for variables; those that stand for a flag are noted under their own names. */
export function variableNotes(env: Environment, rows: readonly FlagRow[]): string[] {
  const flags = rows.flatMap(({ env: name, meaning, type, says }) =>
    name !== undefined && meaning === 'noted' && type === 'bool' && parseGoBool(env[name] ?? '')
      ? [`${name}: ${says}`]
      : [],
  );
  const others = VARIABLE_ROWS.filter(({ name, meaning }) => meaning === 'noted' && env[name]);
  return [...flags, ...others.map(({ name, says }) => `${name}: ${says}`), ...featureNotes(env)];
}

/** One line for the feature flags that ask for what varve does anyway, one for each of the others. */
function featureNotes(env: Environment): string[] {
  const always: string[] = [];
  const notes: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(FEATURE) || value === undefined) continue;
    const row = FEATURE_ROWS.find((each) => FEATURE + each.name === name);
    if (!row) notes.push(`${name} is not known: varve has no feature flags`);
    else if (row.always === undefined || row.always === (parseGoBool(value) ?? row.always)) always.push(name);
    else notes.push(`${name}=${value} changes nothing: ${row.says}`);
  }
  if (always.length) notes.unshift(`varve always does so, or has no need to: ${always.sort().join(', ')}`);
  return notes;
}
