import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../src/cas/open-store.ts';
import type { Store } from '../../src/cas/store.ts';
import { systemClock } from '../../src/io/clock.ts';
import type { Log } from '../../src/io/log.ts';

/** A new directory, and what removes it. */
export function tempRoot(): { root: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'varve-cas-'));
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** A log that keeps what it is told. */
export function listLog(): Log & { readonly warnings: string[]; readonly debugs: string[] } {
  const warnings: string[] = [];
  const debugs: string[] = [];
  return { warnings, debugs, warn: (text) => void warnings.push(text), debug: (text) => void debugs.push(text) };
}

export function openTestStore(root: string, log: Log = listLog()): Promise<Store> {
  return openStore(root, { log, clock: systemClock });
}
