import type { OpenedContext } from './contexts.ts';

/** Context directories of builds that run side by side: one that several read is scanned once. */
export interface SharedDirectories {
  /** @param key all that decides what is seen of the directory; equal keys share what `open` gives */
  open(key: readonly string[], open: () => Promise<OpenedContext>): Promise<OpenedContext>;
  /** Keeps what was learned of the files, when all builds have ended. */
  flush(): Promise<void>;
}

export function createSharedDirectories(): SharedDirectories {
  const opened = new Map<string, Promise<OpenedContext>>();
  return {
    async open(key, open) {
      const name = JSON.stringify(key);
      const promise = opened.get(name) ?? open();
      opened.set(name, promise);
      // One build's end is not the others'.
      return { ...(await promise), flush: async () => {} };
    },
    async flush() {
      for (const one of opened.values()) await (await one.catch(() => undefined))?.flush();
    },
  };
}
