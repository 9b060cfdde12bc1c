import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { Catalog, CatalogWrite } from '../../cas/catalog.ts';
import { type Digest, digestHex, digestOf } from '../../oci/digest.ts';
import type { Input } from '../cache/step-key.ts';
import { type BuildRecord, buildRecordSchema } from './build-record.ts';
import { encodeText, readText, splitLines } from './history-lines.ts';

/** What the last builds were made of (docs/store-format.md, "history"). What cannot be read counts as absent. */
export interface History {
  /** Random, the store's own, for marks that stand for secrets. */
  key(): Promise<Buffer>;
  /** Steps of these keys whose inputs are kept. */
  known(keys: readonly Digest[]): Promise<ReadonlySet<Digest>>;
  /** Keeps a build with its steps' inputs, all or nothing; drops the oldest of its name when there are too many. */
  add(build: BuildRecord, inputs: ReadonlyMap<Digest, readonly Input[]>): Promise<void>;
  /** Newest first. */
  builds(): Promise<BuildRecord[]>;
  inputs(key: Digest): Promise<readonly Input[] | undefined>;
}

/** Builds of one name and Dockerfile that are kept. */
export const KEPT_BUILDS = 20;
/** More than are kept before they are swept: a sweep reads all of the history. */
const SLACK = 20;

/** Inputs of which a step has one for each file. */
const LISTS: ReadonlySet<string> = new Set(['file', 'mount file']);

const listSchema = z.object({ count: z.number().int(), pieces: z.array(z.string()) });
export const stepInputsSchema = z.array(z.tuple([z.string(), z.union([z.string(), listSchema])]));

export function createHistory(catalog: Catalog): History {
  const known = async (keys: readonly Digest[]): Promise<Set<Digest>> => {
    const rows = await catalog.getMany('history', keys.map(stepRow));
    return new Set(keys.filter((_, i) => rows[i]));
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
    async add(build, inputs) {
      const prefix = `build/${ownerId(build)}/`;
      const writes: CatalogWrite[] = [put(`${prefix}${build.started}/${build.id}`, JSON.stringify(build))];
      for (const [key, list] of inputs) writes.push(...inputWrites(key, list));
      await catalog.write(writes);
      let count = 0;
      for await (const _ of catalog.rows('history', prefix)) count++;
      if (count > KEPT_BUILDS + SLACK) await sweepHistory(catalog);
    },
    async builds() {
      const builds: BuildRecord[] = [];
      for await (const [, value] of catalog.rows('history', 'build/')) {
        const build = readBuild(value);
        if (build) builds.push(build);
      }
      return builds.sort((a, b) => (a.started < b.started ? 1 : a.started > b.started ? -1 : 0));
    },
    async inputs(key) {
      const row = readInputs(await catalog.get('history', stepRow(key)));
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
    },
  };
}

/**
 * Takes the oldest builds of each name and Dockerfile out of the history, and inputs that no build is left for. A build that is written
 * meanwhile may lose inputs that it shares with one that goes: then it cannot be explained.
 * @returns how many rows went
 */
export async function sweepHistory(catalog: Catalog): Promise<number> {
  const builds = new Map<string, string[]>();
  const steps = new Set<string>();
  for await (const [key] of catalog.rows('history', 'build/')) {
    const owner = key.slice(0, key.indexOf('/', 'build/'.length));
    builds.set(owner, [...(builds.get(owner) ?? []), key]);
  }
  const gone = new Set([...builds.values()].flatMap((keys) => keys.slice(0, -KEPT_BUILDS)));
  for await (const [key, value] of catalog.rows('history', 'build/'))
    if (!gone.has(key)) for (const step of readBuild(value)?.steps ?? []) steps.add(stepRow(step.key));
  const lines = new Set<string>();
  for await (const [key, value] of catalog.rows('history', 'step/')) {
    if (!steps.has(key)) gone.add(key);
    else
      for (const [, list] of readInputs(value) ?? [])
        if (typeof list !== 'string') for (const piece of list.pieces) lines.add(`lines/${piece}`);
  }
  for await (const [key] of catalog.rows('history', 'lines/')) if (!lines.has(key)) gone.add(key);
  await catalog.write([...gone].map((key) => ({ type: 'del', space: 'history', key })));
  return gone.size;
}

/** @returns undefined for what cannot be read */
export function readBuild(row: Buffer | undefined): BuildRecord | undefined {
  return row && parse(buildRecordSchema, row.toString('utf8'));
}

/** @returns undefined for what cannot be read */
export function readInputs(row: Buffer | undefined): z.infer<typeof stepInputsSchema> | undefined {
  const text = readText(row);
  return text === undefined ? undefined : parse(stepInputsSchema, text);
}

function parse<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function inputWrites(key: Digest, inputs: readonly Input[]): CatalogWrite[] {
  const writes: CatalogWrite[] = [];
  const row: z.infer<typeof stepInputsSchema> = [];
  for (let i = 0; i < inputs.length; ) {
    const [name, value] = inputs[i]!;
    if (!LISTS.has(name)) {
      row.push([name, value]);
      i++;
      continue;
    }
    const start = i;
    while (inputs[i]?.[0] === name) i++;
    const { list, rows } = splitLines(inputs.slice(start, i).map(([, line]) => line));
    row.push([name, { count: list.count, pieces: [...list.pieces] }]);
    for (const [piece, text] of rows) writes.push(put(`lines/${piece}`, encodeText(text)));
  }
  writes.push(put(stepRow(key), encodeText(JSON.stringify(row))));
  return writes;
}

function stepRow(key: Digest): string {
  return `step/${digestHex(key)}`;
}

/** What builds of one name and Dockerfile have in common. */
function ownerId({ name, dockerfile }: BuildRecord): string {
  return digestHex(digestOf(JSON.stringify([name, dockerfile]))).slice(0, 32);
}

function put(key: string, value: Buffer | string): CatalogWrite {
  return { type: 'put', space: 'history', key, value: typeof value === 'string' ? Buffer.from(value) : value };
}
