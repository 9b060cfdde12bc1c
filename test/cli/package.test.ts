import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { makeBusyboxRoot, packRoot } from '../../scripts/busybox-base.ts';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';

const root = join(import.meta.dirname, '../..');
const exec = promisify(execFile);

test('what the package holds builds an image without the sources', async (t) => {
  using temp = temporaryDirectory('varve-package');
  const dist = join(temp.path, 'dist');
  await exec(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json', '--outDir', dist], { cwd: root });
  cpSync(join(root, 'bin'), join(temp.path, 'bin'), { recursive: true });
  cpSync(join(root, 'package.json'), join(temp.path, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(temp.path, 'node_modules'));
  await exec(process.execPath, [join(root, 'scripts/bundle.ts'), dist]);
  const context = join(temp.path, 'context');
  mkdirSync(context);
  // A RUN, and one whose environment needs the slow way in: the scripts of workers and rungs are found.
  const run = 'RUN true\nENV LD_PRELOAD=\nRUN true\n';
  writeFileSync(join(context, 'Dockerfile'), `FROM localhost/busybox:1\nCOPY Dockerfile /\n${run}`);
  const store = join(temp.path, 'store');
  await makeBusyboxRoot(join(temp.path, 'root'));
  await packRoot(join(temp.path, 'root'), join(temp.path, 'root.tar'));
  const varve = (command: string, ...args: string[]) =>
    exec(join(temp.path, 'bin/varve'), [command, '--store', store, ...args]);
  await varve('import', join(temp.path, 'root.tar'), 'localhost/busybox:1');
  const digests = [];
  for (const name of ['first', 'again']) {
    const file = join(temp.path, name);
    await varve('build', '--isolation', 'namespaces', '--digest-file', file, context);
    digests.push(readFileSync(file, 'utf8'));
  }
  t.regex(digests[0]!, /^sha256:[0-9a-f]{64}$/);
  t.is(digests[1], digests[0]);
  // A process that starts with all of it takes twice as long to start.
  const loaded = join(temp.path, 'loaded.json');
  const hook = join(temp.path, 'hook.cjs');
  writeFileSync(
    hook,
    `const vm = require('node:vm'), { Script } = vm, scripts = [];
    vm.Script = class extends Script { constructor(source, options) { super(source, options); scripts.push(options.filename); } };
    process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(loaded)}, JSON.stringify({
      files: Object.keys(require.cache), scripts, builtins: process.moduleLoadList })));`,
  );
  const scratch = join(temp.path, 'scratch');
  mkdirSync(scratch);
  writeFileSync(join(scratch, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
  await varve('build', scratch);
  const loadedBy = async (...args: string[]) => {
    await exec(join(temp.path, 'bin/varve'), args, { env: { ...process.env, NODE_OPTIONS: `--require=${hook}` } });
    return JSON.parse(readFileSync(loaded, 'utf8')) as { files: string[]; scripts: string[]; builtins: string[] };
  };
  t.deepEqual((await loadedBy('--version')).scripts, []);
  const { files, scripts, builtins } = await loadedBy('build', '--store', store, scratch);
  t.deepEqual(scripts, [join(dist, 'cli/varve.cjs')]);
  t.true(
    files.some((file) => file.endsWith('dist/cli/main.cjs')),
    files.join(' '),
  );
  t.deepEqual(
    files.filter((file) => /undici|xxhash|plain-worker|unpack-worker/.test(file)),
    [],
  );
  t.true(files.length <= 14, files.join(' '));
  t.deepEqual(
    builtins.filter((name) => /^NativeModule (tls|http|https)$/.test(name)),
    [],
  );
  const library = "import { build, parseOutput } from 'varve'; console.log(typeof build, parseOutput('out')[0].type)";
  const { stdout } = await exec(process.execPath, ['--input-type=module', '--eval', library], { cwd: temp.path });
  t.is(stdout, 'function local\n');
});
