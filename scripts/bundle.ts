// node scripts/bundle.ts [DIST]: the command line as few files in dist/cli, in place of the 300 modules that tsc emitted there: a
// process that has to find, read and link them all starts 0.2 s later. Native packages stay outside.
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = resolve(process.argv[2] ?? join(root, 'dist'));

await build({
  entryPoints: [join(root, 'src/cli/main.ts')],
  outdir: join(dist, 'cli'),
  allowOverwrite: true,
  bundle: true,
  // What is loaded only when it is needed stays apart.
  splitting: true,
  chunkNames: 'chunk-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node24',
  external: ['koffi', 'level', 'xxhash-addon'],
  // What was CommonJS asks for Node's own modules by require.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  logLevel: 'warning',
});
