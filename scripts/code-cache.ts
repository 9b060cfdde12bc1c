// node scripts/code-cache.ts DIRECTORY: writes beside the command line's files what V8 compiles of them for a build of which
// nothing changed, and for the loading of the others.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Script } from 'node:vm';
import { type Bundle, codeCachePath, createLoader, FIRST_CHUNK } from '../src/cli/load-bundle.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const directory = resolve(process.argv[2]!);
const scripts = new Map<string, Script>();
const loadAnew = () => createLoader(directory, scripts);

using temp = temporaryDirectory('varve-code-cache');
const context = join(temp.path, 'context');
mkdirSync(context);
writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
// Anew each time, as a process would: the functions of them all are compiled once.
for (let build = 0; build < 2; build++) {
  process.argv = [process.execPath, 'varve', 'build', `--store=${join(temp.path, 'store')}`, context];
  await (loadAnew().load(FIRST_CHUNK) as Bundle).varve();
}
for (const other of ['./undici.cjs', './more.cjs']) loadAnew().load(other);

for (const [path, script] of scripts) {
  const cache = codeCachePath(path);
  writeFileSync(`${cache}.new`, script.createCachedData());
  renameSync(`${cache}.new`, cache);
}
