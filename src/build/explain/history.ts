import { randomBytes } from 'node:crypto';
import type { Catalog, CatalogWrite } from '../../cas/catalog.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Input } from '../cache/step-key.ts';
import type { BuildRecord } from './build-record.ts';
import { readText } from './history-lines.ts';
import { inputWrites, ownerId, put, readBuild, readInputs, stepRow, takenRow } from './history-rows.ts';
import { logWrites } from './log-rows.ts';
import { sweepHistory } from './sweep-history.ts';

/** What the last builds were made of (docs/store-format.md, "history"). What cannot be read counts as absent. */
export interface History {
  /** Random, the store's own, for marks that stand for secrets. */
  key(): Promise<Buffer>;
  /** Steps of these keys whose inputs are kept. */
  known(keys: readonly Digest[]): Promise<ReadonlySet<Digest>>;
  /** Keeps a build with its steps' inputs, all or nothing; drops the oldest of its name when there are too many. */
  add(
    build: BuildRecord,
    inputs: ReadonlyMap<Digest, readonly Input[]>,
    /** Lists of files that steps take from stages, by their digests. */
    taken?: ReadonlyMap<Digest, readonly string[]>,
    /** What the steps' commands wrote, by the steps' ids. */
    logs?: ReadonlyMap<string, string>,
  ): Promise<void>;
  /** Newest first. */
  builds(): Promise<BuildRecord[]>;
  inputs(key: Digest): Promise<readonly Input[] | undefined>;
  taken(list: Digest): Promise<readonly string[] | undefined>;
}

/** Builds that are written before the history is swept: a sweep reads all of it. */
const SWEEP_EVERY = 50;
const COUNT = 'unswept';

export function createHistory(catalog: Catalog): History {
  const known = async (keys: readonly Digest[]): Promise<Set<Digest>> => {
    const rows = await catalog.getMany('history', keys.map(stepRow));
    return new Set(keys.filter((_, i) => rows[i]));
  };
  const rowInputs = async (name: string): Promise<Input[] | undefined> => {
    const row = readInputs(await catalog.get('history', name));
    if (!row) return undefined;
    const inputs: Input[] = [];
    for (const [name, value] of row) {
      if (typeof value === 'string') {
        inputs.push([name, value]);
        continue;
      }
      const pieces = await catalog.getMany(
        'history',
        value.pieces.map((piece) => `lines/${piece}`),
      );
      for (const piece of pieces) {
        const text = readText(piece);
        if (text === undefined) return undefined;
        for (const line of text.split('\n')) inputs.push([name, line]);
      }
    }
    return inputs;
  };
  return {
    async key() {
      const row = await catalog.get('history', 'key');
      if (row) return row;
      const key = randomBytes(32);
      await catalog.write([{ type: 'put', space: 'history', key: 'key', value: key }]);
      return key;
    },
    known,
    async add(build, inputs, taken = new Map(), logs = new Map()) {
      const name = `build/${ownerId(build)}/${build.started}/${build.id}`;
      const writes: CatalogWrite[] = [put(name, JSON.stringify(build))];
      for (const [key, list] of inputs) writes.push(...inputWrites(stepRow(key), list));
      for (const [list, lines] of taken)
        if (!(await catalog.get('history', takenRow(list))))
          writes.push(
            ...inputWrites(
              takenRow(list),
              lines.map((line) => ['taken', line]),
            ),
          );
      writes.push(...logWrites(build.id, logs));
      // Of processes that count at once one may be forgotten: then the sweep comes later.
      const count = 1 + Number((await catalog.get('history', COUNT)) ?? 0);
      const isDue = !(count < SWEEP_EVERY);
      await catalog.write([...writes, put(COUNT, String(isDue ? 0 : count))]);
      if (isDue) await sweepHistory(catalog);
    },
    async builds() {
      const builds: BuildRecord[] = [];
      for await (const [, value] of catalog.rows('history', 'build/')) {
        const build = readBuild(value);
        if (build) builds.push(build);
      }
      return builds.sort((a, b) => (a.started < b.started ? 1 : a.started > b.started ? -1 : 0));
    },
    inputs: (key) => rowInputs(stepRow(key)),
    taken: async (list) => (await rowInputs(takenRow(list)))?.map(([, line]) => line),
  };
}
