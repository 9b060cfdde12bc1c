import type { Writable } from 'node:stream';
import type { Log } from '../io/log.ts';

export interface LogStyle {
  readonly verbose?: boolean | undefined;
  /** As lines of `--progress json`. */
  readonly json?: boolean;
}

/** Warnings always, the rest when asked for; a repeated warning once. */
export function createLog(out: Writable, { verbose = false, json = false }: LogStyle = {}): Log {
  const said = new Set<string>();
  const write = (level: 'warning' | 'debug', text: string): void => {
    const time = new Date().toISOString();
    out.write(json ? `${JSON.stringify({ type: 'message', level, text, time })}\n` : `${level}: ${text}\n`);
  };
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
