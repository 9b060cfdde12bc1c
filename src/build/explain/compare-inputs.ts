import { createPatch } from 'diff';
import { splitEnv } from '../../instructions/stage-state.ts';
import type { Input } from '../cache/step-key.ts';
import { compareFiles, type FileChanges, otherLines } from './compare-files.ts';

/** One thing that differs between two steps' definitions. `before` and `after` are absent where there was nothing. */
export type InputChange =
  | ({ readonly kind: 'argument' | 'environment'; readonly name: string } & BeforeAfter)
  /** A unified diff without its header. */
  | { readonly kind: 'instruction' | 'heredoc'; readonly name: string; readonly diff: string }
  | ({ readonly kind: 'option' | 'mount'; readonly name: string } & BeforeAfter)
  | { readonly kind: 'files'; readonly name: string; readonly files: FileChanges }
  /** The same values in another order. */
  | { readonly kind: 'order'; readonly name: string };

interface BeforeAfter {
  readonly before?: string;
  readonly after?: string;
}

/** Unchanged lines around changed ones in a diff. */
const DIFF_CONTEXT = 1;

/** Programs that take a script as their last word. */
const SHELL = /(?:sh|cmd|cmd\.exe|powershell|powershell\.exe)$/i;
/** Lines that are removed and added in a diff; beyond it the texts have nothing to do with each other. */
const MOST_EDITS = 2000;

/** @param args names of variables that come from ARG */
export function compareInputs(
  before: readonly Input[],
  after: readonly Input[],
  args: ReadonlySet<string>,
): InputChange[] {
  const names = [...new Set([...before, ...after].map(([name]) => name))];
  const changes = names.flatMap((name): InputChange[] => {
    const [old, now] = [valuesOf(before, name), valuesOf(after, name)];
    if (JSON.stringify(old) === JSON.stringify(now)) return [];
    const found = compareValues(name, old, now, args);
    if (found.length > 0) return found;
    return [...old].sort().join() === [...now].sort().join() ? [{ kind: 'order', name }] : [];
  });
  // A heredoc of COPY is a file as well.
  const heredocs = new Set(changes.flatMap((change) => (change.kind === 'heredoc' ? [change.name] : [])));
  return changes.filter(
    (change) =>
      !(change.kind === 'files' && heredocs.size > 0 && change.files.content.names.every((n) => heredocs.has(n))),
  );
}

function valuesOf(inputs: readonly Input[], wanted: string): string[] {
  return inputs.flatMap(([name, value]) => (name === wanted ? [value] : []));
}

function compareValues(name: string, before: string[], after: string[], args: ReadonlySet<string>): InputChange[] {
  switch (name) {
    case 'argv':
      return compareCommands(before[0] ?? '[]', after[0] ?? '[]');
    case 'env':
      return named(before.map(splitEnv), after.map(splitEnv)).map((change) => ({
        kind: args.has(change.name) ? 'argument' : 'environment',
        ...change,
      }));
    case 'heredoc':
      return named(before.map(splitHeredoc), after.map(splitHeredoc)).map(
        ({ name: document, before: old, after: now }) => ({
          kind: 'heredoc',
          name: document,
          diff: textDiff(old ?? '', now ?? ''),
        }),
      );
    case 'mount':
      return named(before.map(readMount), after.map(readMount)).map((change) => ({ kind: 'mount', ...change }));
    case 'file':
    case 'mount file':
      return compareLines(name === 'file' ? 'source' : 'mount', before, after);
    default:
      if (before.length <= 1 && after.length <= 1)
        return [{ kind: 'option', name, ...present({ before: before[0], after: after[0] }) }];
      return named(
        before.map((value) => ({ key: value, value })),
        after.map((value) => ({ key: value, value })),
      ).map(({ name: _, ...change }) => ({ kind: 'option', name, ...change }));
  }
}

/** Values that have names, compared name by name; a name that comes again has its last value, as in an environment. */
function named(before: readonly Named[], after: readonly Named[]): ({ readonly name: string } & BeforeAfter)[] {
  const [old, now] = [before, after].map((list) => new Map(list.map(({ key, value }) => [key, value]))) as [
    Map<string, string>,
    Map<string, string>,
  ];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((name) => old.get(name) !== now.get(name))
    .map((name) => ({ name, ...present({ before: old.get(name), after: now.get(name) }) }));
}

interface Named {
  readonly key: string;
  readonly value: string;
}

function present({ before, after }: { before: string | undefined; after: string | undefined }): BeforeAfter {
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

function compareCommands(before: string, after: string): InputChange[] {
  const [old, now] = [commandOf(before), commandOf(after)];
  const changes: InputChange[] = [];
  if (old.shell !== now.shell)
    changes.push({ kind: 'option', name: 'shell', ...present({ before: old.shell, after: now.shell }) });
  if (old.text !== now.text) changes.push({ kind: 'instruction', name: 'command', diff: textDiff(old.text, now.text) });
  return changes;
}

/** A command as people write it: a shell's script, or the words of the exec form. */
function commandOf(argv: string): { readonly shell: string | undefined; readonly text: string } {
  const words = JSON.parse(argv) as string[];
  const isShell = words.length >= 3 && SHELL.test(words[0]!);
  if (!isShell) return { shell: undefined, text: argv };
  return { shell: words.slice(0, -1).join(' '), text: words.at(-1)! };
}

function textDiff(before: string, after: string): string {
  const options = { context: DIFF_CONTEXT, maxEditLength: MOST_EDITS };
  const patch = createPatch('', ended(before), ended(after), '', '', options);
  return patch === undefined ? '(more than can be shown)' : patch.slice(patch.indexOf('@@')).trimEnd();
}

function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function splitHeredoc(value: string): Named {
  const end = value.indexOf('\n');
  return { key: value.slice(0, end), value: value.slice(end + 1) };
}

/** A mount as --mount writes it; two are the same one when they have the same target. */
function readMount(json: string): Named {
  const fields = JSON.parse(json) as Record<string, string | number | boolean>;
  const target = fields.target ?? fields.env ?? fields.id ?? '';
  const shown = Object.entries(fields).filter(([, value]) => value !== false && value !== '');
  return { key: String(target), value: shown.map(([name, value]) => `${name}=${showField(name, value)}`).join(',') };
}

function showField(name: string, value: string | number | boolean): string {
  return name === 'mode' && typeof value === 'number' ? value.toString(8).padStart(4, '0') : String(value);
}

function compareLines(name: string, before: readonly string[], after: readonly string[]): InputChange[] {
  const files = compareFiles(before, after);
  const others = named(otherLines(before).map(splitLine), otherLines(after).map(splitLine)).map(
    (change): InputChange => ({ kind: 'option', ...change }),
  );
  return [...(files ? [{ kind: 'files', name, files } as const] : []), ...others];
}

/** `git …` and `url …`: what ADD fetches. */
function splitLine(line: string): Named {
  const space = line.indexOf(' ');
  return { key: line.slice(0, space), value: line.slice(space + 1) };
}
