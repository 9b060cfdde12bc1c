import * as z from 'zod';
import type { CatalogWrite } from '../../cas/catalog.ts';
import { type Digest, digestHex, digestOf } from '../../oci/digest.ts';
import type { Input } from '../cache/step-key.ts';
import { type BuildOwner, type BuildRecord, buildRecordSchema } from './build-record.ts';
import { encodeText, readText, splitLines } from './history-lines.ts';

/** Inputs of which a step has one for each file. */
const LISTS: ReadonlySet<string> = new Set(['file', 'mount file', 'taken']);

const listSchema = z.object({ count: z.number().int(), pieces: z.array(z.string().regex(/^[\w-]{1,128}$/)) });
export const stepInputsSchema = z.array(z.tuple([z.string(), z.union([z.string(), listSchema])]));

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

/** A step's inputs with its lists of files in pieces that are elsewhere. */
export type PackedInputs = z.infer<typeof stepInputsSchema>;

/** @returns the inputs, and each piece's text by its name */
export function packInputs(inputs: readonly Input[]): {
  row: PackedInputs;
  pieces: ReadonlyMap<string, string>;
} {
  const row: PackedInputs = [];
  const pieces = new Map<string, string>();
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
    for (const [piece, text] of rows) pieces.set(piece, text);
  }
  return { row, pieces };
}

/** What packInputs() was given; undefined when a piece is not there. */
export function unpackInputs(row: PackedInputs, pieceOf: (name: string) => string | undefined): Input[] | undefined {
  const inputs: Input[] = [];
  for (const [name, value] of row) {
    if (typeof value === 'string') {
      inputs.push([name, value]);
      continue;
    }
    for (const piece of value.pieces) {
      const text = pieceOf(piece);
      if (text === undefined) return undefined;
      for (const line of text.split('\n')) inputs.push([name, line]);
    }
  }
  return inputs;
}

/** The row of a step's inputs, and the rows of its lists of files. */
export function inputWrites(name: string, inputs: readonly Input[]): CatalogWrite[] {
  const { row, pieces } = packInputs(inputs);
  const lists = [...pieces].map(([piece, text]) => put(`lines/${piece}`, encodeText(text)));
  return [...lists, put(name, encodeText(JSON.stringify(row)))];
}

/** Of a step's inputs. */
export function stepRow(key: Digest): string {
  return `step/${digestHex(key)}`;
}

/** Of a list of files that a step takes from a stage. */
export function takenRow(list: Digest): string {
  return `taken/${digestHex(list)}`;
}

/** Before the names of rows that caches told of. */
export const SHARED = 'shared/';

/** What builds of one name and Dockerfile have in common. */
export function ownerId({ name, dockerfile }: BuildOwner): string {
  return digestHex(digestOf(JSON.stringify([name, dockerfile]))).slice(0, 32);
}

/** A write of one row. */
export function put(key: string, value: Buffer | string): CatalogWrite {
  return { type: 'put', space: 'history', key, value: typeof value === 'string' ? Buffer.from(value) : value };
}
