import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { runExecutor } from '../../../src/cli/executor/run-executor.ts';
import type { VarveError } from '../../../src/errors.ts';
import { startRegistry } from '../../support/registry.ts';
import { S3_KEYS, startS3 } from '../../support/s3-server.ts';
import { type CliBench, cliBench, type Outcome } from '../support/cli-bench.ts';

const exec = promisify(execFile);
const VARVE = join(import.meta.dirname, '../../../bin/varve');

async function ok(t: ExecutionContext, bench: Pick<CliBench, 'varve'>, ...args: string[]): Promise<Outcome> {
  const outcome = await bench.varve(...args);
  if (outcome.code !== 0) t.fail(`${args.join(' ')}: ${outcome.stderr}`);
  return outcome;
}

async function filesOf(name: string, bench: CliBench): Promise<string> {
  const layout = join(bench.path, `layout-${Math.random().toString(36).slice(2)}`);
  await exec('skopeo', ['copy', '--src-tls-verify=false', name, `oci:${layout}:x`]);
  const bundle = `${layout}-bundle`;
  execFileSync('umoci', ['unpack', '--image', `${layout}:x`, bundle], { stdio: 'ignore' });
  return join(bundle, 'rootfs');
}

test('an image is built and pushed as kaniko is told to, and the next build takes all of it from DESTINATION/cache', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  await using registry = await startRegistry();
  const at = (name: string): string => `${registry.host}/${name}`;
  await bench.importBusybox('localhost/busybox:1');
  await ok(t, bench, 'push', 'store:localhost/busybox:1', at('busybox:1'));
  const context = bench.directory('context', {
    'app/Dockerfile':
      'ARG BASE\nFROM $BASE\nARG FROM_ENV EMPTY=x\nRUN echo "$FROM_ENV [$EMPTY]" >/said\nCOPY . /src/\n',
    'app/.dockerignore': 'hidden\n',
    'app/file': 'hello\n',
    'app/hidden': 'no\n',
  });
  const [digestFile, nameFile, output] = ['new/digest', 'name', 'output'].map((name) => join(bench.path, name));
  const flags = [
    ...['--context', `dir://${context}`, '--context-sub-path=app', '--build-arg', `BASE=${at('busybox:1')}`],
    ...['--build-arg=FROM_ENV', '--build-arg=EMPTY', '-d', at('app:1'), `-d=${at('other/app:2')}`, '--cache'],
    ...['--label', 'a=b', '--snapshot-mode=redo', '--log-timestamp', '--digest-file', digestFile!],
    `--image-name-with-digest-file=${nameFile}`,
  ];
  const env = bench.with({ FROM_ENV: 'given', BUILDER_OUTPUT: output!, FF_KANIKO_COPY_AS_ROOT: '1' });
  const first = await ok(t, env, 'executor', ...flags);
  const digest = readFileSync(digestFile!, 'utf8');
  t.is(readFileSync(nameFile!, 'utf8'), `${at('app')}@${digest}\n${at('other/app')}@${digest}\n`);
  t.deepEqual(
    readFileSync(join(output!, 'images'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { name: at('app:1'), digest },
      { name: at('other/app:2'), digest },
    ],
  );
  t.regex(first.stderr, /^\d{4}-\d\d-\d\dT\S+Z note: --snapshot-mode: varve sees every change/m);
  t.regex(first.stderr, /note: varve always does so, or has no need to: FF_KANIKO_COPY_AS_ROOT$/m);
  const root = await filesOf(`docker://${at('other/app:2')}`, bench);
  t.is(readFileSync(join(root, 'said'), 'utf8'), 'given []\n');
  t.is(readFileSync(join(root, 'src/file'), 'utf8'), 'hello\n');
  t.false(existsSync(join(root, 'src/hidden')));

  const elsewhere = join(bench.path, 'elsewhere');
  const again = await ok(t, env, 'executor', ...flags, '--store', elsewhere);
  t.is(again.stderr.match(/ CACHED/g)?.length, 2, again.stderr);
  t.is(readFileSync(digestFile!, 'utf8'), digest);
  const without = await ok(t, env, 'executor', ...flags, '--cache=false');
  t.notRegex(without.stderr, / CACHED/);
});

test('archives are contexts with their ignore file, and a Dockerfile beside goes before the one in them', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  const context = bench.directory('files', {
    'sub/Dockerfile': 'FROM scratch\nCOPY . /in/\n',
    'sub/.dockerignore': '*\n!kept\n',
    'sub/kept': '1',
    'sub/left': '2',
  });
  const archive = join(bench.path, 'context.tar.gz');
  execFileSync('tar', ['czf', archive, '-C', context, '.']);
  const out = join(bench.path, 'out.tar');
  const common = ['--no-push', '-d', 'x/app:1', '--tar-path', out];
  await ok(t, bench, 'executor', '-c', `tar://${archive}`, '--context-sub-path', 'sub/', ...common);
  const root = await filesOf(`docker-archive:${out}`, bench);
  t.true(existsSync(join(root, 'in/kept')));
  t.false(existsSync(join(root, 'in/left')) || existsSync(join(root, 'in/Dockerfile')));

  const other = bench.directory('other', { Own: 'FROM scratch AS a\nCOPY kept /a\nFROM scratch AS b\nCOPY kept /b\n' });
  const own = ['-f', join(other, 'Own'), '--target=b,a', '--context-sub-path', 'sub'];
  await ok(t, bench, 'executor', '-c', `tar://${archive}`, ...own, ...common);
  const second = await filesOf(`docker-archive:${out}`, bench);
  t.true(existsSync(join(second, 'b')) && !existsSync(join(second, 'a')));
  const wrong = await bench.varve('executor', '-c', `tar://${archive}`, '--context-sub-path', 'none', ...common);
  t.regex(wrong.stderr, /has no directory none/);
});

test('what cannot be is said, with what to do', async (t) => {
  const bench = cliBench(t);
  const context = bench.directory('context', { Dockerfile: 'FROM scratch\n' });
  const run = { signal: new AbortController().signal, version: '0' };
  const said = async (...args: string[]): Promise<string> => {
    const error = await t.throwsAsync(runExecutor(['--context', context, '-v=warn', ...args], run));
    return `${error.message} ${(error as VarveError).hint}`;
  };
  t.regex(await said(), /you must provide --destination, or use --no-push/);
  t.regex(await said('--no-push', '--cache', 'true'), /unknown command "true"[\s\S]*--cache=true/);
  t.regex(await said('--no-push', '--cache'), /specify cache repo with --cache-repo/);
  t.regex(await said('--no-push', '--tar-path=x'), /--destination when --tar-path/);
  t.regex(await said('-d', 'x/UPPER'), /--destination x\/UPPER/);
  t.regex(await said('--no-push', '--git=branch=x'), /--git is for contexts of git:\/\//);
  t.regex(await said('--no-push', '--compression=lz4'), /--compression lz4: it is gzip or zstd/);
  t.regex(await said('--no-push', '-f', 'none'), /none/);
});

test('a link to the program that is called executor is kaniko, and its sub-commands are there', async (t) => {
  const bench = cliBench(t);
  const link = join(bench.path, 'executor');
  symlinkSync(VARVE, link);
  const run = async (...args: string[]): Promise<string> => (await exec(link, args)).stdout;
  t.regex(await run('version'), /^varve \d/);
  t.regex(await run('--help'), /^Usage: executor \[flags\][\s\S]*-d, --destination multi/);
  t.regex(await run('push', '--help'), /^Usage: executor push PATH/);
  symlinkSync(VARVE, join(bench.path, 'warmer'));
  t.regex((await exec(join(bench.path, 'warmer'), ['-h'])).stdout, /^Usage: warmer/);
});

test('the warmer pulls the base images of a Dockerfile into the store, and push takes archives', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  await using registry = await startRegistry();
  const at = (name: string): string => `${registry.host}/${name}`;
  const context = bench.directory('context', {
    Dockerfile: 'ARG TAG\nFROM base:$TAG AS a\nFROM a\nFROM scratch\n'.replace('base', at('base')),
    Base: 'FROM scratch\nCOPY Base /\n',
  });
  const layout = join(bench.path, 'layout');
  const built = ['--no-push', '--oci-layout-path', layout, '-f', join(context, 'Base'), '-c', context];
  await ok(t, bench, 'executor', ...built);
  await ok(t, bench, 'executor push', layout, '--destination', at('base:7'));
  const warmed = await ok(t, bench, 'warmer', '-d', join(context, 'Dockerfile'), '--build-arg=TAG=7');
  t.regex(warmed.stdout, /^sha256:/);
  t.regex((await bench.varve('warmer')).stderr, /you must select at least one image/);
  const wrong = await bench.varve('executor push', layout);
  t.regex(wrong.stderr, /at least one --destination is required/);
});

test('buckets are contexts of builds, as the main one and by name, with a directory in them', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  await using s3 = await startS3(['ctx']);
  const context = bench.directory('files', {
    'app/Dockerfile': 'FROM scratch\nCOPY file /\nCOPY --from=more Dockerfile /more\n',
    'app/file': 'hello\n',
  });
  const pack = (directory: string) => execFileSync('tar', ['cz', '-C', directory, '.']);
  await s3.put('ctx', 'context.tar.gz', pack(context));
  await s3.put('ctx', 'more.tgz', pack(join(context, 'app')));
  const env = bench.with({
    S3_ENDPOINT: s3.origin,
    S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: S3_KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: S3_KEYS.secretAccessKey,
  });
  const out = join(bench.path, 'out');
  const flags = ['--context-sub-path', 'app', '--build-context', 'more=s3://ctx/more.tgz', '-o', out];
  await ok(t, env, 'build', ...flags, 's3://ctx');
  t.is(readFileSync(join(out, 'file'), 'utf8'), 'hello\n');
  t.true(existsSync(join(out, 'more')));
});

test('ignored paths are in no layer, of RUN, COPY and WORKDIR; other builds are not confused by it', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  await bench.importBusybox('localhost/busybox:1');
  const context = bench.directory('context', {
    Dockerfile: `FROM localhost/busybox:1
RUN mkdir -p /app /extra/dir && echo 1 >/app/data && echo 2 >/extra/dir/child && touch /file /file2
COPY Dockerfile /extra/sub/file
WORKDIR /extra/work
RUN test ! -e /extra/dir && test -e /app/data && rm /etc/group
`,
  });
  const out = join(bench.path, 'out');
  const flags = ['--ignore-path=/extra/', '--ignore-path', 'file', '--ignore-path=/etc/group'];
  await ok(t, bench, 'build', ...flags, '-o', out, context);
  t.deepEqual(
    ['app/data', 'file2', 'etc/group', 'extra', 'file'].map((path) => existsSync(join(out, path))),
    [true, true, true, false, false],
  );
  const whole = await bench.varve('build', '-o', join(bench.path, 'whole'), context);
  t.regex(whole.stderr, /test ! -e \/extra\/dir/, 'no step is taken from the other build');
  t.not(whole.code, 0);
  t.regex(
    (await bench.varve('build', '--ignore-path=/', context)).stderr,
    /--ignore-path \/: it is a path below the root/,
  );
});
