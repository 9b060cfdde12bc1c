import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Temp extends Disposable {
  readonly path: string;
}

/** A directory that goes away at the end of the block: `using temp = makeTemp()`. */
export function makeTemp(): Temp {
  const path = mkdtempSync(join(tmpdir(), 'varve-snapshot-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
