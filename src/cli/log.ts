import type { Writable } from 'node:stream';
import type { Log } from '../io/log.ts';

/** Warnings always, the rest when asked for; a repeated warning once. */
export function createLog(out: Writable, verbose: boolean): Log {
  const said = new Set<string>();
  return {
    warn(message) {
      if (said.has(message)) return;
      said.add(message);
      out.write(`warning: ${message}\n`);
    },
    debug(message) {
      if (verbose) out.write(`debug: ${message}\n`);
    },
  };
}
