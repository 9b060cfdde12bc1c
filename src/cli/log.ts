import type { Progress } from '../build/progress.ts';
import type { Clock } from '../io/clock.ts';
import type { Log } from '../io/log.ts';
import { messageText } from './progress/texts.ts';

/** Warnings always, the rest when asked for; a repeated warning once. As messages of the progress, which knows where to write. */
export function createLog(
  progress: Progress,
  clock: Clock,
  { verbose = false }: { readonly verbose?: boolean | undefined } = {},
): Log {
  const said = new Set<string>();
  const write = (level: 'warning' | 'debug', text: string): void =>
    progress({ type: 'message', level, text, time: clock.now() });
  return {
    warn(message) {
      if (said.has(message)) return;
      said.add(message);
      write('warning', message);
    },
    debug(message) {
      if (verbose) write('debug', message);
    },
  };
}

/** Messages as lines of text. */
export function messageLines(out: NodeJS.WritableStream): Progress {
  return (event) => {
    if (event.type === 'message') out.write(`${messageText(event)}\n`);
  };
}
