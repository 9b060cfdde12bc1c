// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings are source text that the reader is tried on
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { forbiddenImports, importTable, ruleBreaks } from './support/house-rules.ts';
import { cyclesOf, readSourceTree, sourceFile } from './support/source-tree.ts';

const ROOT = join(import.meta.dirname, '..');
const files = readSourceTree(join(ROOT, 'src'));
const table = importTable(readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8'));

test('the table of docs/architecture.md has every folder of src', (t) => {
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  t.deepEqual(
    folders.map(({ name }) => name).filter((name) => !table.has(name)),
    [],
  );
  t.true(files.length > 20);
});

test('a folder imports only what the table allows', (t) => {
  t.deepEqual(
    files.flatMap((file) => forbiddenImports(file, table)),
    [],
  );
});

test('every import names a file that is there', (t) => {
  const paths = new Set(files.map(({ path }) => path));
  const lost = files.flatMap(({ path, imports }) =>
    imports.filter((target) => !paths.has(target)).map((target) => `${path} imports ${target}`),
  );
  t.deepEqual(lost, []);
});

test('there are no import cycles', (t) => {
  t.deepEqual(
    cyclesOf(files).map((cycle) => cycle.join(' -> ')),
    [],
  );
});

test('files keep the rules of the contributing guide', (t) => {
  t.deepEqual(files.flatMap(ruleBreaks), []);
});

test('tests, benchmarks and scripts are small files too', (t) => {
  const folders = ['test', 'bench', 'scripts'].map((name) => readSourceTree(join(ROOT, name)));
  t.deepEqual(
    folders
      .flat()
      .flatMap(ruleBreaks)
      .filter((text) => text.endsWith(' lines')),
    [],
  );
});

test('the table: cells name folders, or say nothing, all, all but', (t) => {
  const rows = '| folder | job | may import |\n|---|---|---|\n| `src/a` | x | nothing |\n| `src/b` | x | a |\n';
  const read = importTable(`${rows}| \`src/c\` | x \\| y | all but d |\n| \`src/d\` | x | all |\n`);
  t.deepEqual(
    [...read].map(([folder, allowed]) => [folder, ...allowed].join(' ')),
    ['a', 'b a', 'c a b c', 'd a b c d'],
  );
});

const forms = {
  import: "import { a } from '../cas/store.ts';",
  'import over lines': "import {\n  a,\n  type B,\n} from '../cas/store.ts';",
  'import type': "import type { A } from '../cas/store.ts';",
  'import for its effect': "import '../cas/store.ts';",
  namespace: "import * as a from '../cas/store.ts';",
  'export from': "export { a } from '../cas/store.ts';",
  'export type from': "export type { A } from '../cas/store.ts';",
  dynamic: "const a = await import('../cas/store.ts');",
  'type of a module': "type A = import('../cas/store.ts').A;",
  worker: "new Worker(new URL('../cas/store.ts', import.meta.url));",
  'in a template': '`${await import("../cas/store.ts")}`;',
};
for (const [name, text] of Object.entries(forms)) {
  test(`a forbidden arrow is seen: ${name}`, (t) => {
    const file = sourceFile('oci/digest.ts', `import { b } from '../errors.ts';\n${text}\n`);
    t.deepEqual(forbiddenImports(file, table), ['oci/digest.ts imports cas/store.ts']);
  });
}

test('an allowed arrow and words about imports are not arrows', (t) => {
  const text = [
    "// import { a } from '../cas/store.ts'",
    "/* import '../cas/store.ts' */",
    'const words = \'import a from "../cas/store.ts"\';',
    'const more = `import a from "../cas/store.ts" ${1}`;',
    "const pattern = /import '..\\/cas\\/[/']store.ts'/;",
    "import type { A } from './platform.ts';",
    "const icon = new URL('https://example.com/a.ts');",
  ].join('\n');
  t.deepEqual(forbiddenImports(sourceFile('oci/digest.ts', text), table), []);
  t.deepEqual(sourceFile('oci/digest.ts', text).imports, ['oci/platform.ts']);
});

test('src/errors.ts is below everything, src/index.ts above, and no file may import the index', (t) => {
  t.deepEqual(forbiddenImports(sourceFile('errors.ts', "import './oci/digest.ts'"), table).length, 1);
  t.deepEqual(forbiddenImports(sourceFile('index.ts', "export { a } from './cli/main.ts'"), table), []);
  t.deepEqual(forbiddenImports(sourceFile('build/plan.ts', "import '../index.ts'"), table).length, 1);
  t.deepEqual(forbiddenImports(sourceFile('build/plan.ts', "import '../cli/main.ts'"), table).length, 1);
});

test('a dynamic import that no reader can follow is an error', (t) => {
  t.throws(() => sourceFile('oci/digest.ts', 'await import(name)'), { message: /dynamic import/ });
});

test('a cycle is seen, also by a type', (t) => {
  const tree = [
    sourceFile('io/a.ts', "import './b.ts'"),
    sourceFile('io/b.ts', "import type { C } from './c.ts'"),
    sourceFile('io/c.ts', "import './b.ts'"),
  ];
  t.deepEqual(cyclesOf(tree), [['io/b.ts', 'io/c.ts', 'io/b.ts']]);
});

const breaks = {
  'io/a.ts: module-level variable x': 'export let x = 1;',
  'io/a.ts: module-level variable y': 'const f = `${{ a: 1 }}`;\nvar y;',
  'io/a.ts: process.env outside src/cli': 'export const a = process.env.HOME;',
  'io/a.ts: process.exit outside src/cli': 'export const a = () => process\n  .exit(1);',
  'io/a.ts: process.cwd outside src/cli': 'export const a = `${process.cwd()}`;',
  'io/a.ts: process.argv outside src/cli': 'export const [a] = process.argv;',
  'io/a.ts: process[…] outside src/cli': "export const a = process['env'];",
  'io/a.ts: imports node:process outside src/cli': "import { env } from 'node:process';",
  'io/a.ts: export * is a barrel': "export * from './b.ts';\nexport const a = 1;",
  'io/a.ts: only re-exports': "// words\nexport { a } from './b.ts';\nexport type { C } from './c.ts';",
  'io/a.ts: 301 lines': `${'// line\n'.repeat(300)}export const a = 1;\n`,
  'io/index.ts: a barrel by its name': 'export const a = 1;',
  'io/utils.ts: its name says nothing': 'export const a = 1;',
  'io/helpers/a.ts: its folder says nothing': 'export const a = 1;',
};
for (const [expected, text] of Object.entries(breaks)) {
  test(`a broken rule is seen: ${expected}`, (t) => {
    t.deepEqual(ruleBreaks(sourceFile(expected.slice(0, expected.indexOf(':')), text)), [expected]);
  });
}

test('what only looks like a broken rule is none', (t) => {
  const text = [
    'export function f(): number {\n  let x = 1;\n  for (let i = 0; i < 3; i++) x += i / 2;\n  return x;\n}',
    "const text = 'process.env let x';",
    'const outlet = 1; // let y = process.env',
    'const quote = /["\'`]/.test(text) ? a / b : `${`}`} let z`;',
    'interface A {\n  let: string;\n}',
  ].join('\n');
  t.deepEqual(ruleBreaks(sourceFile('io/a.ts', text)), []);
  t.deepEqual(ruleBreaks(sourceFile('cli/main.ts', 'process.exit(Number(process.env.A));')), []);
});
