/** What differs between two lists of selected files; names as keys have them, at most {@link NAMES_SHOWN} of each kind. */
export interface FileChanges {
  readonly added: NameList;
  readonly removed: NameList;
  readonly content: NameList;
  readonly mode: NameList;
  readonly owner: NameList;
  readonly type: NameList;
  /** Link targets, devices, extended attributes, names of the same file. */
  readonly attributes: NameList;
}

export interface NameList {
  readonly count: number;
  /** The first ones; with `before → after` where that says more than the name. */
  readonly names: readonly string[];
}

export type FileChangeKind = keyof FileChanges;

/** Names of each kind that are kept; all are counted. */
export const NAMES_SHOWN = 20;

export const FILE_CHANGE_KINDS = ['added', 'removed', 'content', 'mode', 'owner', 'type', 'attributes'] as const;

/** A line of src/instructions/copy-key.ts taken apart. */
interface FileLine {
  readonly name: string;
  readonly type: string;
  readonly mode: string;
  readonly owner: string;
  readonly digest: string;
  readonly rest: string;
}

const LINE =
  /^(?:source |given | {2})(\S+) (\S+) (\S+) ("(?:[^"\\]|\\.)*"[0-9a-f]*|\S+)(?: (sha256:[0-9a-f]{64}))?(.*)$/;

/** @returns undefined when no file differs: then the lines differ in their order, or are no files */
export function compareFiles(before: readonly string[], after: readonly string[]): FileChanges | undefined {
  const lists = new Map<FileChangeKind, { count: number; names: string[] }>(
    FILE_CHANGE_KINDS.map((kind) => [kind, { count: 0, names: [] }]),
  );
  const note = (kind: FileChangeKind, name: string): void => {
    const list = lists.get(kind)!;
    list.count++;
    if (list.names.length < NAMES_SHOWN) list.names.push(name);
  };
  const [old, now] = [readLines(before), readLines(after)];
  for (const [id, file] of now) {
    const was = old.get(id);
    if (!was) note('added', file.name);
    else compareFile(was, file, note);
  }
  for (const [id, file] of old) if (!now.has(id)) note('removed', file.name);
  if ([...lists.values()].every(({ count }) => count === 0)) return undefined;
  return Object.fromEntries(lists) as unknown as FileChanges;
}

/** Lines that are no files, such as a commit or a checksum. */
export function otherLines(lines: readonly string[]): string[] {
  return lines.filter((line) => line !== 'contents' && !LINE.test(line));
}

function compareFile(was: FileLine, file: FileLine, note: (kind: FileChangeKind, name: string) => void): void {
  const { name } = file;
  if (was.type !== file.type) {
    note('type', `${name} (${was.type} → ${file.type})`);
    return;
  }
  if (was.digest !== file.digest) note('content', name);
  if (differ(was.mode, file.mode)) note('mode', `${name} (${was.mode} → ${file.mode})`);
  if (differ(was.owner, file.owner)) note('owner', `${name} (${was.owner} → ${file.owner})`);
  if (was.rest !== file.rest) note('attributes', name);
}

/** `-` is what an option sets in any case: that the option changed says more. */
function differ(was: string, is: string): boolean {
  return was !== is && was !== '-' && is !== '-';
}

/** By name; the same name below two sources is told apart by its turn. */
function readLines(lines: readonly string[]): Map<string, FileLine> {
  const files = new Map<string, FileLine>();
  const turns = new Map<string, number>();
  for (const line of lines) {
    const [, type, mode, owner, name, digest = '', rest = ''] = LINE.exec(line) ?? [];
    if (type === undefined || mode === undefined || owner === undefined || name === undefined) continue;
    const turn = turns.get(name) ?? 0;
    turns.set(name, turn + 1);
    files.set(`${name} ${turn}`, { name, type, mode, owner, digest, rest });
  }
  return files;
}
