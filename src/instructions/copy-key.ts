import { type BytePath, fromText, toText } from '../io/byte-path.ts';
import type { Entry } from '../snapshot/entry.ts';
import type { CopyRequest, SelectedEntry, Selection } from './copy-request.ts';

/**
 * What a selection puts into the step's key, one line for each path, the same for the same files on every machine: type,
 * mode, owner, name, content digest, link target, device, xattrs. Without mtimes, and without what --chown and --chmod
 * set anyway. People read these lines too, in `explain`.
 */
export function selectionDigestInput(
  selection: Selection,
  request: Pick<CopyRequest, 'owner' | 'mode' | 'forceRootOwner'>,
): string[] {
  const lines: string[] = [];
  for (const source of selection.sources) {
    if (source.kind === 'given') {
      lines.push(`given ${describe(source.file.name, source.file.entry, request)}`);
    } else if (source.kind === 'pending') {
      lines.push(source.pending.key);
    } else if (source.kind === 'file') {
      lines.push(`source ${describe(source.name, source.entry, request)}`);
    } else {
      // The directory itself gives nothing but its contents (and its mtime).
      lines.push('contents');
      const links = firstNames(source.entries);
      for (const { path, entry, onTheWay } of source.entries) {
        const first = entry.hardlink === undefined ? undefined : links.get(entry.hardlink);
        const link = first === undefined || first === path ? '' : ` same-file-as=${quoteName(first)}`;
        // A directory on the way sets its mode on one that exists, whatever --chmod says.
        const way = onTheWay ? ` way=${octal(entry.mode)}` : '';
        lines.push(`  ${describe(path, entry, request)}${link}${way}`);
      }
    }
  }
  return lines;
}

function describe(
  name: BytePath,
  entry: Entry,
  request: Pick<CopyRequest, 'owner' | 'mode' | 'forceRootOwner'>,
): string {
  const mode = entry.type === 'symlink' || request.mode?.octal !== undefined ? '-' : octal(entry.mode);
  const owner = request.owner ? '-' : request.forceRootOwner ? '0:0' : `${entry.uid}:${entry.gid}`;
  const parts = [entry.type, mode, owner, quoteName(name)];
  if (entry.type === 'file') {
    if (entry.digest === undefined) throw new Error(`no digest of selected file ${toText(name)}`);
    parts.push(entry.digest);
  }
  if (entry.target !== undefined) parts.push('->', quoteName(entry.target));
  if (entry.device) parts.push(`device=${entry.device.join(',')}`);
  for (const [attribute, value] of entry.xattrs ?? []) parts.push(`${quoteName(attribute)}=${value.toString('hex')}`);
  return parts.join(' ');
}

/** First path of every group of hard links that has more than one path here. */
function firstNames(entries: readonly SelectedEntry[]): Map<string, BytePath> {
  const first = new Map<string, BytePath>();
  for (const { path, entry } of entries) {
    if (entry.hardlink !== undefined && !first.has(entry.hardlink)) first.set(entry.hardlink, path);
  }
  return first;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** A name that cannot be taken for another one: as it is, in JSON's quotes, or as hex when it is not UTF-8. */
export function quoteName(name: BytePath): string {
  if (/^[!#-[\]-~]+$/.test(name)) return name;
  const text = toText(name);
  return fromText(text) === name ? JSON.stringify(text) : `"hex"${Buffer.from(name, 'latin1').toString('hex')}`;
}
