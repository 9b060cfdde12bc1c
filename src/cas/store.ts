import type { BlobStore } from './blob-store.ts';
import type { Catalog } from './catalog.ts';
import type { HeldKind } from './holds.ts';

/** One store directory, `<root>/v1` (docs/store-format.md). */
export interface Store {
  /** Absolute path of `<root>/v1`. */
  readonly path: string;
  readonly blobs: BlobStore;
  readonly catalog: Catalog;
  /** Where the unpacked layer is, absolute: `layers/` and the 64 hex digits (a colon would end a path in overlay's options). */
  layerPath(diffId: string): string;
  /** Where a cache mount is, absolute. */
  mountPath(id: string): string;
  /**
   * Keeps something from being collected until this process ends, and notes that it was used. All methods of `blobs`,
   * layerPath() and mountPath() do it for what they are asked; whatever is there afterwards stays.
   */
  hold(kind: HeldKind, name: string): void;
  /** The places in `tmp` of other processes that live. */
  living(): string[];
  /** A new empty directory below `tmp/`, owned by this process: removed by remove(), or by a later process when this one died. */
  makeTemp(label: string): Promise<TempDirectory>;
  /** The same for what should not touch a disk: on the machine's tmpfs when it has one, and nobody else may enter it. */
  makeMemoryTemp(label: string): Promise<TempDirectory>;
  /** Ends this process's use: removes its temp directories, closes the catalog. */
  close(): Promise<void>;
}

export interface TempDirectory {
  readonly path: string;
  remove(): Promise<void>;
  /** It is of no use any more: it is removed while other things go on, before close() settles at the latest. */
  release(): void;
}
