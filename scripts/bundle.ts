// node scripts/bundle.ts [DIST]: the command line as a few files in dist/cli, in place of the 300 modules that tsc emitted there,
// and the code that V8 compiles of them. A process that has to find, read, link and compile them all starts 0.3 s later.
// varve.cjs is what every build loads, more.cjs what other commands do too; undici has a file of its own, because many builds
// end without it, and the client of Kubernetes, too; native packages stay outside.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin, transform } from 'esbuild';
import { codeCachePath, FIRST_CHUNK } from '../src/cli/load-bundle.ts';

const root = join(import.meta.dirname, '..');
const cli = join(resolve(process.argv[2] ?? join(root, 'dist')), 'cli');
const [varve, more] = [join(cli, 'varve.cjs'), join(cli, 'more.cjs')];
const [undici, kubernetes] = [join(cli, 'undici.cjs'), join(cli, 'kubernetes.cjs')];

/** What a build of which nothing changed evaluates: all that these import at once. */
const LOADED_FIRST = ['src/cli/varve.ts', 'src/cli/program.ts', 'src/cli/commands/build.ts'];

/** LevelDB's JavaScript goes into the bundle; the binding looks for its native code beside itself. */
const levelBinding: Plugin = {
  name: 'level-binding',
  setup: ({ onLoad }) =>
    onLoad({ filter: /node_modules\/classic-level\/binding\.js$/ }, () => ({
      contents: `module.exports = require('node:module').createRequire(require('node:module').createRequire(__filename).resolve('level'))('classic-level/binding.js');`,
    })),
};

/** Bundles of their own: what many processes end without. */
const ownBundles: Plugin = {
  name: 'own-bundles',
  setup({ onResolve }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: './undici.cjs', external: true }));
    onResolve({ filter: /^@kubernetes\/client-node$/ }, () => ({ path: './kubernetes.cjs', external: true }));
  },
};

/** Files beside the bundles are found as from the modules of tsc. */
const places = { 'import.meta.url': 'importMetaUrl', 'import.meta.dirname': '__dirname' };
const importMetaUrl = "const importMetaUrl=require('node:url').pathToFileURL(__dirname+'/main.js').href;";

const minified: BuildOptions = { minifyIdentifiers: true, minifySyntax: true, minifyWhitespace: true };
const common: BuildOptions = {
  ...minified,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  external: ['koffi', 'xxhash-addon'],
  // What is imported when it is needed is evaluated then.
  supported: { 'dynamic-import': false },
  legalComments: 'linked',
  logLevel: 'warning',
};

for (const path of [varve, more, undici, kubernetes]) rmSync(codeCachePath(path), { force: true });
await build({ ...common, entryPoints: ['undici'], outfile: undici });
// With its own undici, a later one. 70 MB of packages come to 2.
await build({
  ...common,
  stdin: {
    contents: "export { BatchV1Api, CoreV1Api, KubeConfig, Log, Watch } from '@kubernetes/client-node';",
    resolveDir: root,
  },
  outfile: kubernetes,
});
const { outputFiles, metafile } = await build({
  ...common,
  // Only modules of ECMAScript are split where one is imported when it is needed.
  format: 'esm',
  splitting: true,
  supported: {},
  absWorkingDir: root,
  entryPoints: [{ in: join(root, 'src/cli/varve.ts'), out: basename(FIRST_CHUNK, '.js') }],
  outdir: cli,
  chunkNames: 'chunk-[hash]',
  legalComments: 'external',
  plugins: [levelBinding, ownBundles],
  define: places,
  logOverride: { 'empty-import-meta': 'error' },
  metafile: true,
  write: false,
});
const first = loadedFirst(metafile);
const chunks = outputFiles.filter(({ path }) => path.endsWith('.js'));
await writePack(
  varve,
  chunks.filter(({ path }) => first.has(basename(path))),
);
await writePack(
  more,
  chunks.filter(({ path }) => !first.has(basename(path))),
);
const legal = new Set(outputFiles.filter(({ path }) => path.endsWith('.LEGAL.txt')).map(({ text }) => text));
writeFileSync(`${varve}.LEGAL.txt`, [...legal].join('\n'));
await build({
  ...common,
  entryPoints: [join(root, 'src/cli/start.ts')],
  outfile: join(cli, 'main.cjs'),
  define: places,
  banner: { js: importMetaUrl },
});
execFileSync(process.execPath, [join(root, 'scripts/code-cache.ts'), cli], {
  stdio: 'pipe',
  env: { ...process.env, VARVE_IN_USER_NAMESPACE: '1' },
});

/** The names of the chunks that are evaluated first. */
function loadedFirst({ outputs }: Metafile): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    for (const { kind, path: next } of outputs[path]!.imports)
      if (kind === 'import-statement' && outputs[next]) visit(next);
  };
  for (const [path, { entryPoint }] of Object.entries(outputs))
    if (entryPoint !== undefined && LOADED_FIRST.includes(entryPoint)) visit(path);
  return new Set([...found].map((path) => basename(path)));
}

/** Writes a file that exports chunks as functions by name, as a CommonJS loader calls them. */
async function writePack(path: string, files: readonly { readonly path: string; readonly text: string }[]) {
  const parts: string[] = [];
  for (const file of files) {
    const { code } = await transform(file.text, {
      format: 'cjs',
      platform: 'node',
      target: 'node24',
      supported: { 'dynamic-import': false },
      legalComments: 'none',
      minifyIdentifiers: true,
      minifySyntax: true,
      minifyWhitespace: true,
    });
    parts.push(`${JSON.stringify(`./${basename(file.path)}`)}:(exports,require,module)=>{${code}}`);
  }
  writeFileSync(path, `${importMetaUrl}module.exports={${parts.join(',\n')}}`);
}
