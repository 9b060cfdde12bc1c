import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { temporaryDirectory } from '../../../scripts/temporary-directory.ts';
import { configWords, settingsOf } from '../../../src/cli/config/apply-config.ts';
import { type ConfigFile, configFiles } from '../../../src/cli/config/config-files.ts';
import { commandNames, createProgram } from '../../../src/cli/program.ts';
import { VarveError } from '../../../src/errors.ts';
import { cliBench } from '../support/cli-bench.ts';

const run = promisify(execFile);
const VARVE = join(import.meta.dirname, '../../../bin/varve');
const program = await createProgram(new AbortController().signal);
const names = commandNames();

/** The words that files give before `given`. */
function words(path: string, files: readonly ConfigFile[], given: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  let command = program;
  for (const word of path.split(' ')) command = command.commands.find((child) => child.name() === word)!;
  return configWords(settingsOf(command, path.split(' '), { files, names }), command, { given, env });
}

const user = (text: string): ConfigFile => ({ path: 'user.yaml', text, isProject: false });
const project = (text: string): ConfigFile => ({ path: 'varve.config.yaml', text, isProject: true });

test('texts, numbers, switches, lists and maps are the words that say the same', (t) => {
  const text = `build:
  file: docker/Dockerfile
  parallel: 3
  push: true
  sbom: "true"
  git-index: false
  no-cache: true
  label: [a=1, b=2]
  build-arg: {V: 1, W: x y}
  tag: app:1
store:
  prune: {max-size: 10GB}
`;
  t.deepEqual(words('build', [user(text)]).sort(), [
    '--build-arg=V=1',
    '--build-arg=W=x y',
    '--file=docker/Dockerfile',
    '--label=a=1',
    '--label=b=2',
    '--no-cache',
    '--no-git-index',
    '--parallel=3',
    '--push',
    '--sbom=true',
    '--tag=app:1',
  ]);
  t.deepEqual(words('store prune', [user(text)]), ['--max-size=10GB']);
  t.deepEqual(words('explain', [user(text)]), []);
});

test('the command line replaces the environment, that the project, that the user; repeatable flags add up', (t) => {
  const files = [
    user('build: {target: a, label: u=1, store: /u, push: true}'),
    project('build: {target: b, label: p=1}'),
  ];
  t.deepEqual(words('build', files).sort(), ['--label=p=1', '--label=u=1', '--push', '--store=/u', '--target=b']);
  const given = ['--no-push', '--target=c', '--label', 'c=1', '.'];
  t.deepEqual(words('build', files, given, { VARVE_STORE: '/e' }).sort(), ['--label=p=1', '--label=u=1']);
  t.true(words('build', files, ['.', '--', '--target']).includes('--target=b'));
  t.deepEqual(words('build', [user('build: {file: a}')], ['-fb', '.']), []);
});

/** What is refused, where it stands, at which line. */
const WRONG: readonly (readonly [file: ConfigFile, message: RegExp, line: number])[] = [
  [user('build:\n  tagg: a\n'), /build\.tagg: there is no such key/, 2],
  [user('biuld: {}\n'), /biuld: there is no such key/, 1],
  [user('build:\n  push: yes please\n'), /build\.push: it is true or false/, 2],
  [user('build:\n  compression: zip\n'), /build\.compression: it is one of gzip, zstd/, 2],
  [user('build:\n  parallel: 0\n'), /build\.parallel: it is a whole number/, 2],
  [user('build:\n  target: [a, b]\n'), /build\.target: it is a text/, 2],
  [project('build:\n  target: a\n  secret: id=a,src=/etc/shadow\n'), /build\.secret: a project may not set it/, 3],
  [project('build:\n  output: type=local,dest=/\n'), /build\.output: a project may not/, 2],
  [project('build:\n  insecure-registry: r\n'), /build\.insecure-registry: a project may not/, 2],
  [project('build:\n  build-arg: [A=1, HOME]\n'), /build\.build-arg: .*environment/, 2],
  [project('build:\n  file: ../x\n'), /build\.file: .*below/, 2],
  [project('build:\n  cache-repo: oci:/var/x\n'), /build\.cache-repo: .*repositories/, 2],
];

for (const [file, message, line] of WRONG) {
  test(`${file.path} with ${JSON.stringify(file.text)} is refused at line ${line}`, (t) => {
    const error = t.throws(() => words('build', [file]), { instanceOf: VarveError });
    t.regex(error.message, message);
    t.like(error.location, { file: file.path, start: line });
    t.is(error.exitCode, 2);
  });
}

test("the user's file and the project's, or the one that VARVE_CONFIG names", (t) => {
  using temp = temporaryDirectory('varve-config');
  mkdirSync(join(temp.path, 'varve'));
  writeFileSync(join(temp.path, 'varve/config.yaml'), 'build: {}');
  const env = { XDG_CONFIG_HOME: temp.path };
  t.deepEqual(configFiles(env), [{ path: join(temp.path, 'varve/config.yaml'), text: 'build: {}', isProject: false }]);
  t.deepEqual(configFiles({ ...env, VARVE_CONFIG: '' }), []);
  const named = join(temp.path, 'varve/config.yaml');
  t.like(configFiles({ VARVE_CONFIG: named }), { 0: { path: named, isProject: false }, length: 1 });
  t.throws(() => configFiles({ VARVE_CONFIG: join(temp.path, 'none') }), { code: 'CONFIG_READ' });
});

test('a build takes them', async (t) => {
  const bench = cliBench(t);
  const context = bench.directory('context', {
    Dockerfile: 'FROM scratch\nARG A\nLABEL a=$A\n',
    'config.yaml': 'build:\n  build-arg: {A: from-the-file}\n  tag: localhost/a:1\n',
  });
  const configured = bench.with({ VARVE_CONFIG: join(context, 'config.yaml') });
  const built = await configured.varve('build', context);
  t.is(built.code, 0, built.stderr);
  const shown = await configured.varve('inspect', '--format', 'json', 'store:localhost/a:1');
  t.regex(shown.stdout, /"a": ?"from-the-file"/, shown.stderr);
});

test('config show lists what is set and where; config schema has every command and flag', async (t) => {
  using temp = temporaryDirectory('varve-config');
  writeFileSync(join(temp.path, 'varve.config.yaml'), 'build: {target: app}\nstore: {prune: {}}\n');
  const env = { ...process.env, XDG_CONFIG_HOME: temp.path };
  const config = (word: string) => run(VARVE, ['config', word], { cwd: temp.path, env, maxBuffer: 1 << 24 });
  t.regex((await config('show')).stdout, /^build +--target +"app" +varve\.config\.yaml$/m);
  const schema = JSON.parse((await config('schema')).stdout);
  t.false(schema.additionalProperties);
  t.deepEqual(schema.properties.build.properties.network.enum, ['default', 'none', 'host']);
  t.truthy(schema.properties.store.properties.prune.properties['max-size']);
});
