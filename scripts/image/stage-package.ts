import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runProcess } from '../run-process.ts';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

/** What a package has for those who build or read it. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...['deps', 'doc', 'docs', 'test', 'vendor', 'binding.gyp', 'README.md', 'CHANGELOG.md', 'UPGRADING.md'],
]);
const SOURCES = /\.(?:[cm]?ts|cc|cpp|h|hh|map)$/;

/**
 * Writes what varve's image has of this project: the built command, the packages that it needs at run time, Node.
 * @param root the project, with its node_modules
 * @param place a directory that is not there yet
 */
export async function stagePackage(root: string, place: string, signal?: AbortSignal): Promise<void> {
  const run = (...argv: string[]) => runProcess(argv, { cwd: root, ...(signal ? { signal } : {}) });
  const dist = join(place, 'dist');
  const bin = join(root, 'node_modules/.bin');
  mkdirSync(place, { recursive: true });
  await run(join(bin, 'tsc'), '-p', 'tsconfig.build.json', '--outDir', dist, '--declaration', 'false');
  for (const name of ['bin', 'package.json', 'LICENSE'])
    cpSync(join(root, name), join(place, name), { recursive: true });
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  for (const [path, { dev }] of Object.entries(lock.packages))
    if (path !== '' && !dev && existsSync(join(root, path))) copyPackage(join(root, path), join(place, path));
  // It runs the bundle once, which needs the packages.
  await run(process.execPath, 'scripts/bundle.ts', dist);
  // The one that npm scripts run with, as varve is tested with it.
  cpSync(process.execPath, join(place, 'node'));
}

function copyPackage(from: string, to: string): void {
  cpSync(from, to, {
    recursive: true,
    filter: (path) => {
      const inside = relative(from, path);
      if (inside.split('/').includes('node_modules') || SOURCES.test(inside)) return false;
      if (inside.startsWith('prebuilds/')) return inside.startsWith(`prebuilds/${process.platform}-${process.arch}`);
      return !LEFT_OUT.has(inside);
    },
  });
  if (existsSync(join(to, 'prebuilds')) && existsSync(join(to, 'build')))
    rmSync(join(to, 'prebuilds'), { recursive: true });
}
