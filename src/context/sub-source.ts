import { VarveError } from '../errors.ts';
import { fromText, joinBytes } from '../io/byte-path.ts';
import type { FileSource } from '../snapshot/file-source.ts';
import { resolvePath } from '../snapshot/resolve-path.ts';

/**
 * A directory of a source as a source of its own; the source itself without a path.
 * @param name what messages call the source
 * @throws VarveError `CONTEXT_SUB_PATH` when there is no such directory
 */
export async function subSource(source: FileSource, subPath: string | undefined, name: string): Promise<FileSource> {
  const wanted = (subPath ?? '').replace(/^(?:\.?\/)+|\/+$/g, '');
  if (wanted === '' || wanted === '.') return source;
  const { path: root, entry } = await resolvePath(source, fromText(wanted), { followLast: true });
  if (entry?.type !== 'dir') {
    throw new VarveError('CONTEXT_SUB_PATH', `the build context ${name} has no directory ${wanted}`, {
      hint: '--context-sub-path is a path from the root of the context',
    });
  }
  const below = (path: string): string => (path === '' ? root : joinBytes(root, path));
  return {
    lookup: (path) => source.lookup(below(path)),
    list: (path) => source.list(below(path)),
    complete: (items) => source.complete(items.map((item) => ({ ...item, path: below(item.path) }))),
    content: (path, found) => source.content(below(path), found),
  };
}
