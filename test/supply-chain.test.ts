import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';

const root = join(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

interface Locked {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly license?: string;
  readonly dev?: boolean;
}
interface Package {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly allowScripts: Record<string, boolean>;
}

const manifest = JSON.parse(read('package.json')) as Package;
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
const locked = Object.entries(packages).filter(([path]) => path !== '');

/** What is shipped may have these licences: none of them asks anything of who uses varve but its text. */
const PERMITTED = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0', 'CC-BY-3.0'];

test('every locked package has its digest, and comes from the registry: nothing of git, files or other addresses', (t) => {
  t.true(locked.length > 100);
  for (const [path, { resolved, integrity }] of locked) {
    t.regex(resolved ?? 'https://registry.npmjs.org/', /^https:\/\/registry\.npmjs\.org\//, path);
    t.regex(integrity ?? '', /^sha512-/, path);
  }
});

test('only the packages that package.json decides on have install scripts', (t) => {
  const scripted = locked
    .filter(([, each]) => each.hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ''));
  t.deepEqual(scripted.sort(), Object.keys(manifest.allowScripts).sort());
});

test('what is shipped has permitted licences', (t) => {
  for (const [path, { license, dev }] of locked)
    if (!dev) t.true(PERMITTED.includes(license ?? ''), `${path}: ${license}`);
});

test('docs/dependencies.md names every package of package.json', (t) => {
  const text = read('docs/dependencies.md');
  const types = (name: string): boolean => name.startsWith('@types/');
  for (const name of [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)])
    t.true(types(name) || text.includes(`\`${name}\``), name);
});

test('the tests that documents name are there', (t) => {
  const documents = [...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`), 'SECURITY.md', 'README.md'];
  let named = 0;
  for (const document of documents.filter((name) => name.endsWith('.md'))) {
    for (const [path] of read(document).matchAll(/\btest\/[\w/-]+\.test\.ts\b/g)) {
      named++;
      t.true(existsSync(join(root, path)), `${document}: ${path}`);
    }
  }
  t.true(named > 20);
});

test('every row of the promises in docs/security.md names a test', (t) => {
  const section =
    read('docs/security.md').split('## Promises, and what tries to break them\n')[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| promise'));
  t.true(rows.length >= 15);
  for (const row of rows) t.regex(row, /`test\/[\w/-]+\.test\.ts`/);
});
