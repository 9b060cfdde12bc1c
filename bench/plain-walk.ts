// node bench/plain-walk.ts [--files N] [--runs N]: the change walk on a plain rootfs beside find(1), interleaved.
import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { outputOf } from '../scripts/run-process.ts';
import { loadLibc } from '../src/io/libc.ts';
import { compareListings, createListingIndex } from '../src/snapshot/listing-index.ts';
import { createPlainPool, walkPlain } from '../src/snapshot/walk-plain.ts';
import { writeSmallFiles } from './base-image.ts';
import { freshDisk } from './disk.ts';
import { spreadOf } from './statistics.ts';

const { values } = parseArgs({
  options: { files: { type: 'string', default: '100000' }, runs: { type: 'string', default: '11' } },
});
const workers = Math.min(cpus().length, 2);

using disk = await freshDisk();
const root = join(disk.path, 'rootfs');
mkdirSync(root);
writeSmallFiles(join(root, 'usr/share/data'), Number(values.files));
const pool = createPlainPool(workers);
const walk = () => walkPlain({ root, libc: loadLibc(), pool, workers });
const before = await walk();

/** What a scan does when nothing changed: the walk, and the comparison of every directory. */
async function scan(): Promise<void> {
  const after = await walk();
  const comparison = compareListings(before, after);
  const [old, now] = [createListingIndex(before), createListingIndex(after)];
  for (const path of after.directories) comparison.isAsBefore(old.directory(path)!, now.directory(path)!);
}

const seconds = { varve: [] as number[], find: [] as number[], cpu: [] as number[] };
for (let run = 0; run < Number(values.runs); run++) {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await scan();
  seconds.varve.push((performance.now() - started) / 1000);
  const { user, system } = process.cpuUsage(cpu);
  seconds.cpu.push((user + system) / 1e6);
  const second = performance.now();
  await outputOf(['sh', '-c', 'find "$1" -printf "%s %C@ %i\\n" > /dev/null', 'sh', root]);
  seconds.find.push((performance.now() - second) / 1000);
}
await pool.close();
const [varve, find, cpu] = [spreadOf(seconds.varve), spreadOf(seconds.find), spreadOf(seconds.cpu)];
const ratio = (key: 'median' | 'min'): string => (varve[key] / find[key]).toFixed(2);
console.log(`${values.files} files on ${disk.description}, ${values.runs} runs, ${workers} workers`);
console.log(
  `walk ${varve.median.toFixed(2)} s (processor ${cpu.median.toFixed(2)} s), find ${find.median.toFixed(2)} s`,
);
console.log(`walk / find = ${ratio('median')}; best of each: ${ratio('min')}`);
