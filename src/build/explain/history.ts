import { randomBytes } from 'node:crypto';
import type { Catalog, CatalogWrite } from '../../cas/catalog.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Input } from '../cache/step-key.ts';
import type { BuildOwner, BuildRecord } from './build-record.ts';
import { readText } from './history-lines.ts';
import {
  inputWrites,
  ownerId,
  put,
  readBuild,
  readInputs,
  SHARED,
  stepRow,
  takenRow,
  unpackInputs,
} from './history-rows.ts';
import { logWrites } from './log-rows.ts';
import type { SharedBuilds } from './shared-builds.ts';
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
  /** What a cache tells of builds of one name and Dockerfile, in the place of what one told before. */
  addShared(owner: BuildOwner, told: SharedBuilds): Promise<void>;
  /** Newest first. */
  builds(): Promise<BuildRecord[]>;
  /** Those of other machines, as far as a cache told. */
  sharedBuilds(owner: BuildOwner): Promise<BuildRecord[]>;
  inputs(key: Digest): Promise<readonly Input[] | undefined>;
  taken(list: Digest): Promise<readonly string[] | undefined>;
}

/** Builds that are written before the history is swept: a sweep reads all of it. */
const SWEEP_EVERY = 50;
const COUNT = 'unswept';

export function createHistory(catalog: Catalog): History {
  const rowInputs = async (name: string): Promise<Input[] | undefined> => {
    const row = readInputs(await catalog.get('history', name));
    if (!row) return undefined;
    const names = row.flatMap(([, value]) => (typeof value === 'string' ? [] : value.pieces));
    const pieces = await catalog.getMany(
      'history',
      names.map((piece) => `lines/${piece}`),
    );
    const texts = new Map(names.map((piece, i) => [piece, readText(pieces[i])]));
    return unpackInputs(row, (piece) => texts.get(piece));
  };
  /** What this store knows itself goes before what a cache told. */
  const known = async (keys: readonly Digest[]): Promise<Set<Digest>> => {
    const rows = await catalog.getMany('history', keys.map(stepRow));
    return new Set(keys.filter((_, i) => rows[i]));
  };
  const buildsAt = async (prefix: string): Promise<BuildRecord[]> => {
    const builds: BuildRecord[] = [];
    for await (const [, value] of catalog.rows('history', prefix)) {
      const build = readBuild(value);
      if (build) builds.push(build);
    }
    return builds.sort((a, b) => (a.started < b.started ? 1 : a.started > b.started ? -1 : 0));
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
    async addShared(owner, { builds, inputs, taken }) {
      const prefix = `${SHARED}build/${ownerId(owner)}/`;
      const writes: CatalogWrite[] = [];
      for await (const [key] of catalog.rows('history', prefix)) writes.push({ type: 'del', space: 'history', key });
      const own = new Set((await buildsAt(`build/${ownerId(owner)}/`)).map(({ id }) => id));
      for (const build of builds)
        if (!own.has(build.id)) writes.push(put(`${prefix}${build.started}/${build.id}`, JSON.stringify(build)));
      for (const [key, list] of inputs) writes.push(...inputWrites(SHARED + stepRow(key), list));
      for (const [list, lines] of taken)
        writes.push(
          ...inputWrites(
            SHARED + takenRow(list),
            lines.map((line) => ['taken', line]),
          ),
        );
      await catalog.write(writes);
    },
    builds: () => buildsAt('build/'),
    sharedBuilds: (owner) => buildsAt(`${SHARED}build/${ownerId(owner)}/`),
    inputs: async (key) => (await rowInputs(stepRow(key))) ?? rowInputs(SHARED + stepRow(key)),
    taken: async (list) =>
      ((await rowInputs(takenRow(list))) ?? (await rowInputs(SHARED + takenRow(list))))?.map(([, line]) => line),
  };
}
