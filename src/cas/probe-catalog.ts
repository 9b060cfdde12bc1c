// A program, not a module: it takes the path of a LevelDB directory from stdin, reads every row and looks some up, and
// says on stdout when that fails. crash-guard.ts starts it and learns from what it says and how it ends.
import { readFileSync, writeSync } from 'node:fs';
import { PROBE_DAMAGED } from './crash-guard.ts';
import { isDamage, openLevelEngine } from './level-engine.ts';

const LAST = '\x7f';

try {
  const engine = await openLevelEngine(readFileSync(0, 'utf8'));
  for (let from = '', after = false; ; after = true) {
    const page = await engine.page({ from, after, to: LAST });
    const last = page.at(-1);
    if (!last) break;
    from = last[0];
    // Looking up goes other ways in a block than reading on; one row in 16 meets every block of small rows.
    await engine.getMany(page.filter((_, i) => i % 16 === 0).map(([key]) => key));
  }
  await engine.close();
} catch (error) {
  if (!isDamage(error)) throw error; // says nothing about the catalog
  writeSync(1, PROBE_DAMAGED);
}
