import type { Catalog } from '../../cas/catalog.ts';
import { readBuild, readInputs, SHARED, stepRow, takenRow } from './history-rows.ts';

/** Builds of one name and Dockerfile that are kept. */
export const KEPT_BUILDS = 20;
/** Of all names together: each takes about 1 KB for a step, and what its steps were made of. */
export const MOST_BUILDS = 500;
const ROWS_WITH_LISTS = ['step/', 'taken/', `${SHARED}step/`, `${SHARED}taken/`];

/** What is taken out of the history besides the oldest builds of a name. */
export interface HistoryLimits {
  /** Builds that began before, RFC 3339. */
  readonly before?: string;
  /** Builds of these ids. */
  readonly unwanted?: ReadonlySet<string>;
}

/**
 * Takes builds out of the history that are too many of their name and Dockerfile, too many altogether, or too old, and inputs
 * and output that no build is left for. A build that is written meanwhile may lose inputs that it shares with one that goes: then it
 * cannot be explained. No row is left that names a list which is not there.
 * @returns how many rows went
 */
export async function sweepHistory(
  catalog: Catalog,
  { before = '', unwanted = new Set() }: HistoryLimits = {},
): Promise<number> {
  // Before all else: a list that comes later belongs to a row that this sweep may not have seen.
  const lists = await listNames(catalog);
  const names = new Map<string, string[]>();
  for await (const [key] of catalog.rows('history', 'build/')) {
    const owner = key.slice(0, key.indexOf('/', 'build/'.length));
    names.set(owner, [...(names.get(owner) ?? []), key]);
  }
  const kept = [...names.values()]
    .flatMap((keys) => keys.filter((key) => !unwanted.has(idOf(key))).slice(-KEPT_BUILDS))
    .filter((key) => startedOf(key) >= before)
    .sort((a, b) => (startedOf(a) < startedOf(b) ? 1 : -1))
    .slice(0, MOST_BUILDS);
  const wanted = new Set(kept);
  const gone = new Set([...names.values()].flat().filter((key) => !wanted.has(key)));
  const builds = new Set([...gone].map(idOf));
  for await (const [key] of catalog.rows('history', 'log/')) if (builds.has(key.split('/')[1]!)) gone.add(key);
  const owners = new Set(kept.map(ownerOf));
  for await (const [key] of catalog.rows('history', `${SHARED}build/`)) {
    if (owners.has(ownerOf(key.slice(SHARED.length)))) wanted.add(key);
    else gone.add(key);
  }
  for (const key of [...wanted])
    for (const { key: step, taken } of readBuild(await catalog.get('history', key))?.steps ?? []) {
      const from = key.startsWith(SHARED) ? SHARED : '';
      wanted.add(from + stepRow(step));
      for (const list of taken ?? []) if (list) wanted.add(from + takenRow(list));
    }
  for (const prefix of ROWS_WITH_LISTS)
    for await (const [key, value] of catalog.rows('history', prefix)) {
      if (!wanted.has(key)) gone.add(key);
      else
        for (const [, list] of readInputs(value) ?? [])
          if (typeof list !== 'string') for (const piece of list.pieces) wanted.add(`lines/${piece}`);
    }
  for (const list of lists) if (!wanted.has(list)) gone.add(list);
  await remove(catalog, gone);
  return gone.size + (await removeTorn(catalog));
}

/**
 * Takes out rows that have lost a list: a build may have named one again just before it went, or a sweep was killed here.
 * A row is written together with its lists, so one that comes after this is whole.
 */
async function removeTorn(catalog: Catalog): Promise<number> {
  const present = await listNames(catalog);
  const torn: string[] = [];
  for (const prefix of ROWS_WITH_LISTS)
    for await (const [key, value] of catalog.rows('history', prefix)) {
      const names = (readInputs(value) ?? []).flatMap(([, list]) =>
        typeof list === 'string' ? [] : list.pieces.map((piece) => `lines/${piece}`),
      );
      const absent = names.filter((name) => !present.has(name));
      // Absent from the names that were read, and still: a build may have written it since.
      if (absent.length > 0 && (await catalog.getMany('history', absent)).includes(undefined)) torn.push(key);
    }
  await remove(catalog, torn);
  return torn.length;
}

async function listNames(catalog: Catalog): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const [key] of catalog.rows('history', 'lines/')) names.add(key);
  return names;
}

async function remove(catalog: Catalog, keys: Iterable<string>): Promise<void> {
  await catalog.write([...keys].map((key) => ({ type: 'del', space: 'history', key })));
}

/** `build/OWNER/TIME/ID` */
function ownerOf(key: string): string {
  return key.split('/')[1] ?? '';
}

function startedOf(key: string): string {
  return key.split('/')[2] ?? '';
}

function idOf(key: string): string {
  return key.split('/')[3] ?? '';
}
