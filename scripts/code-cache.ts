// node scripts/code-cache.ts VARVE UNDICI: writes beside the two bundles what V8 compiles of them for a build of which nothing
// changed, and for undici's loading.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Bundle, codeCachePath, type LoadedBundle, loadBundle } from '../src/cli/load-bundle.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const [varvePath, undiciPath] = process.argv.slice(2).map((path) => resolve(path)) as [string, string];

function writeCache(path: string, { script }: LoadedBundle): void {
  const cache = codeCachePath(path);
  writeFileSync(`${cache}.new`, script.createCachedData());
  renameSync(`${cache}.new`, cache);
}

const undici = loadBundle(undiciPath);
undici.evaluate();
writeCache(undiciPath, undici);

using temp = temporaryDirectory('varve-code-cache');
const context = join(temp.path, 'context');
mkdirSync(context);
writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
const varve = loadBundle(varvePath);
// Anew each time, as a process would: the functions of them all are compiled once.
for (let build = 0; build < 2; build++) {
  process.argv = [process.execPath, varvePath, 'build', `--store=${join(temp.path, 'store')}`, context];
  await (varve.evaluate() as Bundle).varve();
}
writeCache(varvePath, varve);
