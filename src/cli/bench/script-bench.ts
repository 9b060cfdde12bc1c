import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { applyEdit } from './apply-edit.ts';
import { type BenchMode, type BenchSeries, type ScriptRow, scriptRowSchema, seriesName } from './bench-row.ts';
import type { BenchBuilder } from './builders/bench-builder.ts';
import { copyFiles } from './copy-files.ts';
import { type BenchRun, measuredText, ofBuilder, startBuild } from './measure-build.ts';
import { appendRow, readRows } from './rows-file.ts';
import type { Script } from './script-schema.ts';

export interface ScriptBench extends BenchRun {
  readonly script: Script;
  /** Absolute. It is copied, and never written to. */
  readonly context: string;
  readonly modes: readonly BenchMode[];
  /** Names of edits, in order. */
  readonly sequence: readonly string[];
  readonly repeats: number;
  /** Absolute paths that are no part of the context wherever they lie: the script, what the benchmark writes. */
  readonly own: readonly string[];
}

interface Cell {
  readonly builder: string;
  readonly variant: string;
  readonly mode: BenchMode;
  readonly repeat: number;
  readonly input: string;
}

/**
 * Builds each variant in each mode: once as the files are, on an empty cache (but in `cold`, where every build is on one),
 * then after each edit. Rows go to `work`/rows.jsonl; a variant and mode that is complete there is not built again unless
 * script, files or edits changed. One that is not complete begins anew: its store would be warmer than it was.
 * @throws VarveError `BENCH_EDIT` for an edit that cannot be made
 */
export async function benchScript(bench: ScriptBench): Promise<ScriptRow[]> {
  const { script, work, sequence } = bench;
  const pristine = join(work, 'context');
  rmSync(pristine, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const files = copyFiles(bench.context, pristine, new Set([work, ...bench.own]));
  const input = createHash('sha256')
    .update(JSON.stringify([files, script.edits, script.variants, sequence, bench.buildArgs]))
    .digest('hex');
  const path = join(work, 'rows.jsonl');
  const known = readRows(path, scriptRowSchema).filter((row) => row.input === input);
  const rows: ScriptRow[] = [];
  // Repeats are outside, so that what else the machine does meets all variants alike.
  for (let repeat = 1; repeat <= bench.repeats; repeat++)
    for (const variant of Object.keys(script.variants))
      for (const mode of bench.modes)
        for (const builder of bench.builders) {
          const cell = { builder: builder.name, variant, mode, repeat, input };
          const done = doneRows(known, cell, sequence.length);
          if (done) {
            rows.push(...done);
            continue;
          }
          for await (const row of measureCell(bench, builder, pristine, cell)) {
            appendRow(path, row);
            rows.push(row);
            const name = [ofBuilder(`${variant} ${mode}`, builder), bench.repeats > 1 && `${repeat}/${bench.repeats}`];
            const edit = `${row.index}/${sequence.length} ${row.edit ?? 'before edits'}`;
            bench.note(`${name.filter(Boolean).join(' ')} ${edit} ${measuredText(row)}`);
          }
        }
  return rows;
}

/** The rows of a cell that is complete. */
function doneRows(known: readonly ScriptRow[], cell: Cell, edits: number): ScriptRow[] | undefined {
  const { builder, variant, mode, repeat } = cell;
  const old = known.filter(
    (row) => row.builder === builder && row.variant === variant && row.mode === mode && row.repeat === repeat,
  );
  const first = mode === 'cold' ? 1 : 0;
  const last = old.slice(-(edits + 1 - first));
  return last.length === edits + 1 - first && last.every(({ index }, i) => index === i + first) ? last : undefined;
}

async function* measureCell(
  bench: ScriptBench,
  builder: BenchBuilder,
  pristine: string,
  cell: Cell,
): AsyncGenerator<ScriptRow> {
  const { script, sequence, signal, work } = bench;
  const { variant, mode } = cell;
  const { dockerfile, flags } = script.variants[variant]!;
  const name = ofBuilder(`${variant}-${mode}`, builder);
  const place = join(work, name);
  await builder.forget(place);
  rmSync(place, { recursive: true, force: true });
  // A developer edits the files that are built; a CI job gets new ones.
  const checkout = join(place, 'checkout');
  const root = mode === 'warm' ? checkout : join(place, 'files');
  cpSync(pristine, root, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  const buildArgs = new Map<string, string>();
  for (const [index, edit] of [undefined, ...sequence].entries()) {
    signal.throwIfAborted();
    if (edit !== undefined) applyEdit(edit, script.edits[edit]!.do, { root, dockerfile, n: index, buildArgs });
    else if (mode === 'cold') continue;
    await startBuild(builder, place, mode);
    if (mode !== 'warm') cpSync(root, checkout, { recursive: true, verbatimSymlinks: true });
    const measured = await builder.build({
      place,
      mode,
      context: checkout,
      file: join(checkout, dockerfile),
      args: [...flags, ...[...buildArgs].flatMap(([key, value]) => ['--build-arg', `${key}=${value}`])],
      log: join(work, 'logs', `${name}-${cell.repeat}-${index}.log`),
    });
    yield { ...cell, index, ...(edit === undefined ? {} : { edit }), ...measured };
  }
}

/** The builds after edits of each variant and mode. */
export function scriptSeries(rows: readonly ScriptRow[]): BenchSeries[] {
  const edited = rows.filter(({ edit }) => edit !== undefined);
  const named = ({ variant, mode, builder }: ScriptRow): string => seriesName(`${variant}, ${mode}`, builder);
  return [...Map.groupBy(edited, named)].map(([name, own]) => ({
    name,
    builder: own[0]!.builder,
    given: `${own[0]!.variant}, ${own[0]!.mode}`,
    points: own.map((row) => ({
      ...row,
      index: row.index - 1,
      label: row.edit!,
      detail: `edit ${row.index}, repeat ${row.repeat}`,
    })),
  }));
}
