import {
  appendFileSync,
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { VarveError } from '../../errors.ts';
import type { Action } from './script-schema.ts';

export interface Edited {
  /** Absolute: the files that the edit changes. */
  readonly root: string;
  /** Stands for `{dockerfile}` in paths. */
  readonly dockerfile: string;
  /** The number of the edit in its sequence, from 1: stands for `{n}` in texts. */
  readonly n: number;
  /** Values of ARGs, which the edit may change. */
  readonly buildArgs: Map<string, string>;
}

/**
 * Makes an edit's changes, without a shell. Nothing outside the root is read or written, whatever its links say.
 * @param name how messages call the edit
 * @throws VarveError `BENCH_EDIT` for a file or text that is not there
 */
export function applyEdit(name: string, actions: readonly Action[], edited: Edited): void {
  for (const action of actions) {
    try {
      apply(action, edited);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new VarveError('BENCH_EDIT', `edit ${name}, ${Object.keys(action)[0]}: ${message}`, {
        hint: 'edits are made one after the other on the same files: an earlier one may have taken away what this one needs',
        exitCode: 2,
        cause: error,
      });
    }
  }
}

function apply(action: Action, { root, dockerfile, n, buildArgs }: Edited): void {
  const { touch, write, append, replace, swap, copy, rename, remove, set } = action;
  const named = (path: string): string => path.replaceAll('{dockerfile}', dockerfile);
  /** Something that is there, itself. */
  const own = (path: string): string => existing(inside(root, named(path), dirname), named(path));
  /** A file that is there, or where its link leads. */
  const there = (path: string): string =>
    existing(
      inside(root, named(path), (full) => full),
      named(path),
    );
  const place = (path: string): string => {
    const full = inside(root, named(path), (it) => it);
    mkdirSync(dirname(full), { recursive: true });
    return full;
  };
  const filled = (text: string): string => text.replaceAll('{n}', String(n));
  if (touch !== undefined) lutimesSync(own(touch), new Date(), new Date());
  if (write) writeFileSync(place(write.file), filled(write.text));
  if (append) appendFileSync(place(append.file), filled(append.text));
  if (replace) rewrite(there(replace.file), (text) => replaced(text, replace, filled(replace.with)));
  if (swap) rewrite(there(swap.file), (text) => swapped(text, swap.lines));
  if (copy) cpSync(own(copy.from), place(copy.to), { recursive: true, verbatimSymlinks: true });
  if (rename) renameSync(own(rename.from), place(rename.to));
  if (remove !== undefined) rmSync(own(remove), { recursive: true });
  for (const [key, value] of Object.entries(set ?? {})) buildArgs.set(key, filled(value));
}

/** @param followed what of the path has its links followed: all, or its directory */
function inside(root: string, path: string, followed: (full: string) => string): string {
  const full = join(root, path);
  let known = followed(full);
  while (!isThere(known)) known = dirname(known);
  const [real, top] = [realpathSync(known), realpathSync(root)];
  if (real !== top && !real.startsWith(top + sep)) throw new Error(`${path} leads out of the context`);
  return full;
}

function existing(full: string, path: string): string {
  if (!isThere(full)) throw new Error(`there is no ${path}`);
  return full;
}

/** Links that lead nowhere are there. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function rewrite(file: string, change: (text: string) => string): void {
  // Bytes that are no UTF-8 stay what they are.
  writeFileSync(file, change(readFileSync(file, 'latin1')), 'latin1');
}

function replaced(text: string, { find, pattern }: NonNullable<Action['replace']>, by: string): string {
  const bytes = latin1(by);
  if (find === undefined) {
    const expression = new RegExp(latin1(pattern ?? ''), 'm');
    if (!expression.test(text)) throw new Error(`nothing matches ${pattern}`);
    return text.replace(expression, bytes);
  }
  if (!text.includes(latin1(find))) throw new Error(`the text is not there: ${find}`);
  return text.replace(latin1(find), () => bytes);
}

/** Twice is as it was. */
function swapped(text: string, wanted: readonly [string, string]): string {
  const lines = text.split('\n');
  const [first, second] = wanted.map((line) => {
    const at = lines.findIndex((own) => own.trim() === latin1(line).trim());
    if (at < 0) throw new Error(`the line is not there: ${line}`);
    return at;
  }) as [number, number];
  [lines[first], lines[second]] = [lines[second]!, lines[first]!];
  return lines.join('\n');
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}
