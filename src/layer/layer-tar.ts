import type { BytePath } from '../io/byte-path.ts';
import type { Entry, LayerItem } from '../snapshot/entry.ts';
import { tarHeader } from './tar-header.ts';
import { checkNotWhiteout, opaquePath, whiteoutPath } from './whiteout.ts';

/** One entry of a tar file: its header blocks, and the file whose content and padding follow. */
export interface TarPart {
  readonly path: BytePath;
  readonly header: Buffer;
  readonly file?: Entry;
}

/** What stands for a removed path: the same for all, so that it depends on nothing. */
export const WHITEOUT: Entry = { type: 'file', mode: 0o600, uid: 0, gid: 0, mtime: 0n, size: 0 };

/** Turns entries into tar parts; remembers which hard-linked file was first, so use one for each archive. */
export interface TarParts {
  entry(path: BytePath, entry: Entry): TarPart;
}

export function createTarParts(): TarParts {
  const first = new Map<string, BytePath>();
  return {
    entry(path, entry) {
      if (entry.hardlink !== undefined && entry.type !== 'dir') {
        const linkTo = first.get(entry.hardlink);
        if (linkTo !== undefined) return { path, header: tarHeader(path, entry, linkTo) };
        first.set(entry.hardlink, path);
      }
      const header = tarHeader(path, entry);
      return entry.type === 'file' && entry.size > 0 ? { path, header, file: entry } : { path, header };
    },
  };
}

/**
 * The tar parts of a layer, in the items' order.
 * @throws VarveError `LAYER_NAME_RESERVED`, `LAYER_ENTRY_UNSUPPORTED`
 */
export function* layerParts(items: Iterable<LayerItem>): Generator<TarPart> {
  const parts = createTarParts();
  for (const item of items) {
    checkNotWhiteout(item.path);
    if (item.kind === 'entry') yield parts.entry(item.path, item.entry);
    else {
      const path = item.kind === 'whiteout' ? whiteoutPath(item.path) : opaquePath(item.path);
      yield { path, header: tarHeader(path, WHITEOUT) };
    }
  }
}
