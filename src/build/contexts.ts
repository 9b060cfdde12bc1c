import { VarveError } from '../errors.ts';
import type { SourceRef } from '../instructions/step.ts';
import type { FileSource } from '../snapshot/file-source.ts';

/** The build context and the named ones that are directories, each opened once and only when something reads it. */
export interface Contexts {
  source(ref: SourceRef): Promise<FileSource>;
  /** Keeps what was learned of the files for the next build. */
  flush(): Promise<void>;
}

export interface OpenedContext {
  readonly source: FileSource;
  flush(): Promise<void>;
}

/** `open` takes the main context's name, undefined, or a named one's. */
export function createContexts(open: (name: string | undefined) => Promise<OpenedContext>): Contexts {
  const opened = new Map<string | undefined, Promise<OpenedContext>>();
  return {
    async source(ref) {
      if (ref.kind !== 'context' && ref.kind !== 'named')
        throw new VarveError('INTERNAL', `${ref.kind} is not a context`);
      const name = ref.kind === 'named' ? ref.name : undefined;
      let context = opened.get(name);
      if (!context) {
        context = open(name);
        opened.set(name, context);
      }
      return (await context).source;
    },
    async flush() {
      for (const context of opened.values()) await (await context).flush();
    },
  };
}
