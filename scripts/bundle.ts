// node scripts/bundle.ts [DIST]: the command line as one file in dist/cli, in place of the 300 modules that tsc emitted there, and
// the code that V8 compiles of it. A process that has to find, read, link and compile them all starts 0.3 s later. Native
// packages stay outside, and undici has a file of its own, because many builds end without it.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { codeCachePath } from '../src/cli/load-bundle.ts';

const root = join(import.meta.dirname, '..');
const cli = join(resolve(process.argv[2] ?? join(root, 'dist')), 'cli');
const [varve, undici] = [join(cli, 'varve.cjs'), join(cli, 'undici.cjs')];

/** LevelDB's JavaScript goes into the bundle; the binding looks for its native code beside itself. */
const levelBinding: Plugin = {
  name: 'level-binding',
  setup: ({ onLoad }) =>
    onLoad({ filter: /node_modules\/classic-level\/binding\.js$/ }, () => ({
      contents: `module.exports = require('node:module').createRequire(require('node:module').createRequire(__filename).resolve('level'))('classic-level/binding.js');`,
    })),
};

const undiciBundle: Plugin = {
  name: 'undici-bundle',
  setup: ({ onResolve }) => onResolve({ filter: /^undici$/ }, () => ({ path: './undici.cjs', external: true })),
};

const common: BuildOptions = {
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  external: ['koffi', 'xxhash-addon'],
  // What is imported when it is needed is evaluated then.
  supported: { 'dynamic-import': false },
  minifyIdentifiers: true,
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  logLevel: 'warning',
};

for (const path of [varve, undici]) rmSync(codeCachePath(path), { force: true });
await build({ ...common, entryPoints: ['undici'], outfile: undici });
await build({
  ...common,
  entryPoints: [join(root, 'src/cli/varve.ts')],
  outfile: varve,
  plugins: [levelBinding, undiciBundle],
  // Files beside this one are found as from the modules of tsc.
  define: { 'import.meta.url': 'importMetaUrl', 'import.meta.dirname': '__dirname' },
  logOverride: { 'empty-import-meta': 'error' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__dirname + '/main.js').href;" },
});
await build({ ...common, entryPoints: [join(root, 'src/cli/start.ts')], outfile: join(cli, 'main.cjs') });
execFileSync(process.execPath, [join(root, 'scripts/code-cache.ts'), varve, undici], {
  stdio: 'pipe',
  env: { ...process.env, VARVE_IN_USER_NAMESPACE: '1' },
});
