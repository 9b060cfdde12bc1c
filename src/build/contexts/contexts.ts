import { VarveError } from '../../errors.ts';
import type { SourceRef } from '../../instructions/step.ts';
import type { FileSource } from '../../snapshot/file-source.ts';

/** The build context and the named ones that are directories, each opened once and only when something reads it. */
export interface Contexts {
  /** The build context. */
  main(): Promise<OpenedContext>;
  named(name: string): Promise<OpenedContext>;
  source(ref: SourceRef): Promise<FileSource>;
  /** Keeps what was learned of the files for the next build. */
  flush(): Promise<void>;
}

export interface OpenedContext {
  readonly source: FileSource;
  /** The same with what its ignore file hides: where the Dockerfile is read from. */
  readonly whole?: FileSource;
  /** The name of its only file, which may be a Dockerfile. */
  readonly dockerfile?: string;
  /** Its own time, seconds since 1970: a commit's, Last-Modified, or the newest in an archive. */
  epoch?(): Promise<number | undefined>;
  flush(): Promise<void>;
}

/** `open` takes the main context's name, undefined, or a named one's. */
export function createContexts(open: (name: string | undefined) => Promise<OpenedContext>): Contexts {
  const opened = new Map<string | undefined, Promise<OpenedContext>>();
  const context = (name: string | undefined): Promise<OpenedContext> => {
    const known = opened.get(name);
    if (known) return known;
    const promise = open(name);
    opened.set(name, promise);
    return promise;
  };
  return {
    main: () => context(undefined),
    named: (name) => context(name),
    async source(ref) {
      if (ref.kind !== 'context' && ref.kind !== 'named')
        throw new VarveError('INTERNAL', `${ref.kind} is not a context`);
      return (await context(ref.kind === 'named' ? ref.name : undefined)).source;
    },
    async flush() {
      // One that could not be opened was told of by whoever read it.
      for (const one of opened.values()) await (await one.catch(() => undefined))?.flush();
    },
  };
}
