import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { startRegistry } from '../support/registry.ts';
import { type CliBench, cliBench } from './support/cli-bench.ts';

const exec = promisify(execFile);

async function ok(t: ExecutionContext, bench: CliBench, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await bench.here(...args);
  if (code !== 0) t.fail(`${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

const digestOf = async (name: string): Promise<string> =>
  (await exec('skopeo', ['inspect', '--tls-verify=false', '--format', '{{.Digest}}', name])).stdout.trim();

test.serial('what leaves is read by skopeo and umoci; push, copy and pull keep the digest', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  await using registry = await startRegistry();
  const context = bench.directory('context', {
    Dockerfile: 'FROM scratch\nCOPY file dir/\nENV A=b\n',
    file: 'hello\n',
  });
  const [layout, archive, docker] = ['layout', 'oci.tar', 'docker.tar'].map((name) => join(bench.path, name));
  const files = ['digest', 'name', 'named'].map((name) => join(bench.path, name));
  await ok(
    t,
    bench,
    ...['build', '-t', 'x.example/app:1', '--oci-layout-path', layout!, '-o', `type=oci,dest=${archive}`],
    ...['--tar-path', docker!, '--digest-file', files[0]!, '--image-name-with-digest-file', files[1]!],
    ...['--image-name-tag-with-digest-file', files[2]!, context],
  );
  const digest = readFileSync(files[0]!, 'utf8');
  t.is(readFileSync(files[1]!, 'utf8'), `x.example/app@${digest}\n`);
  t.is(readFileSync(files[2]!, 'utf8'), `x.example/app:1@${digest}\n`);
  t.is(await digestOf(`oci-archive:${archive}`), digest);
  t.is(await digestOf(`oci:${layout}`), digest);
  // Docker's archives have no manifest for skopeo: the config is what stays.
  const config = async (name: string) => (await exec('skopeo', ['inspect', '--config', '--raw', name])).stdout;
  t.is(await config(`docker-archive:${docker}`), await config(`oci:${layout}`));
  const bundle = join(bench.path, 'bundle');
  execFileSync('skopeo', ['copy', `oci-archive:${archive}`, `oci:${join(bench.path, 'copied')}:1`]);
  execFileSync('umoci', ['unpack', '--image', `${join(bench.path, 'copied')}:1`, bundle], { stdio: 'ignore' });
  t.is(readFileSync(join(bundle, 'rootfs/dir/file'), 'utf8'), 'hello\n');

  const at = (name: string) => `${registry.host}/${name}`;
  for (const [i, from] of [layout!, archive!, docker!, `oci:${layout}:x.example/app:1`].entries()) {
    t.is(await ok(t, bench, 'push', from, at(`app:${i}`), at('other:1')), digest);
    t.is(await digestOf(`docker://${at(`app:${i}`)}`), digest);
  }
  t.is(await digestOf(`docker://${at('other:1')}`), digest);
  const mounted = await bench.here('copy', at('app:0'), at('mounted:1'));
  t.is(mounted.stdout, `${digest}\n`);
  t.deepEqual(mounted.stderr.match(/^\w+ sha256/gm), ['mounted sha256', 'mounted sha256']);
  t.is(await ok(t, bench, 'copy', at('app:0'), `oci-archive:${join(bench.path, 'again.tar')}`), digest);
  t.is(await digestOf(`oci-archive:${join(bench.path, 'again.tar')}`), digest);
  t.is(await ok(t, bench, 'pull', at('app:0')), digest);
  const from = bench.directory('from', { Dockerfile: `FROM ${at('app:0')}\n` });
  await registry.stop();
  await ok(t, bench, 'build', from);
  t.is(
    await ok(t, bench, 'copy', `store:${at('app:0')}`, `docker-archive:${join(bench.path, 'kept.tar')}:a:1`),
    digest,
  );
});

test.serial('an archive of docker save without a manifest is pushed and read back', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  await using registry = await startRegistry();
  const context = bench.directory('context', { Dockerfile: 'FROM scratch\nCOPY file /\n', file: 'hello\n' });
  const [layout, old] = [join(bench.path, 'layout'), join(bench.path, 'old.tar')];
  await ok(t, bench, 'build', '--oci-layout-path', layout, '--compression', 'uncompressed', context);
  execFileSync('skopeo', ['copy', `oci:${layout}`, `docker-archive:${old}:x.example/a:1`]);
  const name = `${registry.host}/old:1`;
  const digest = await ok(t, bench, 'push', `docker-archive:${old}`, name);
  t.is(await digestOf(`docker://${name}`), digest);
  t.is((await bench.here('validate', name, '--insecure-registry', registry.host)).code, 0);
  const wrong = await bench.here('push', `docker-archive:${old}:x.example/b:1`, name);
  t.is(wrong.code, 1);
  t.regex(wrong.stderr, /it has x.example\/a:1/);

  const plain = readFileSync(old);
  const [gzip, zstd, damaged] = ['old.tar.gz', 'old', 'damaged.tgz'].map((file) => join(bench.path, file));
  writeFileSync(gzip!, gzipSync(plain));
  writeFileSync(zstd!, zstdCompressSync(plain));
  writeFileSync(damaged!, gzipSync(plain).subarray(0, 300));
  t.is(await ok(t, bench, 'push', gzip!, `${registry.host}/zipped:1`), digest);
  t.is(
    await ok(t, bench, 'copy', `docker-archive:${zstd}:x.example/a:1`, `oci:${join(bench.path, 'from-zstd')}`),
    digest,
  );
  const refused = await bench.here('inspect', damaged!);
  t.is(refused.code, 1);
  t.regex(refused.stderr, /the archive .*damaged\.tgz cannot be read: /);
  t.deepEqual(bench.leftovers().temps, []);
});

test.serial('inspect lists files by layer; diff says what differs; validate finds what is damaged', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  const layouts = [join(bench.path, 'one'), join(bench.path, 'two')] as const;
  const build = async (layout: string, dockerfile: string, text: string) => {
    const context = bench.directory(`context-${text}`, {
      Dockerfile: dockerfile,
      file: text,
      same: 'same',
      gone: 'gone',
    });
    await ok(t, bench, 'build', '-o', `type=oci,dest=${layout},annotation.k=v`, context);
  };
  await build(layouts[0], 'FROM scratch\nCOPY gone same file /d/\nENV A=1 B=1\nLABEL x=y\n', 'a');
  await build(layouts[1], 'FROM scratch\nCOPY --chmod=600 same /d/\nCOPY file new/\nENV A=1 B=2\nUSER 5\n', 'bb');
  const report = JSON.parse(await ok(t, bench, 'inspect', '--files', '--format', 'json', layouts[0]));
  t.like(report, { annotations: { k: 'v' }, config: { Labels: { x: 'y' } }, layers: [{ compression: 'gzip' }] });
  t.deepEqual(
    report.layers[0].files.map(({ path, kind, mode, owner }: Record<string, string>) => [path, kind, mode, owner]),
    [
      ['/d', 'dir', '0755', '0:0'],
      ['/d/file', 'file', '0644', '0:0'],
      ['/d/gone', 'file', '0644', '0:0'],
      ['/d/same', 'file', '0644', '0:0'],
    ],
  );
  const text = await ok(t, bench, 'inspect', '--files', layouts[0]);
  t.regex(text, /COPY gone same file \/d\/ # buildkit\n/);
  t.regex(text, /file +0644 +0:0 +4 +\/d\/gone/);
  t.is(
    await ok(t, bench, 'diff', layouts[0], layouts[1]),
    [
      'C /d (mode 0755 -> 0600)',
      'D /d/file',
      'D /d/gone',
      'C /d/same (mode 0644 -> 0600)',
      'A /new',
      'A /new/file',
      'config Env.B: 1 -> 2',
      'config Labels.x: y -> none',
      'config User: none -> 5',
    ].join('\n'),
  );
  t.is(await ok(t, bench, 'diff', '--exit-code', layouts[0], layouts[0]), '');
  t.is((await bench.here('diff', '--exit-code', layouts[0], layouts[1])).code, 1);

  t.regex(await ok(t, bench, 'validate', layouts[0]), /2 documents and 1 layers/);
  const manifest = JSON.parse(readFileSync(blobPath(layouts[0], report.digest), 'utf8'));
  const layer = blobPath(layouts[0], manifest.layers[0].digest);
  const bytes = readFileSync(layer);
  bytes[bytes.length - 5]! ^= 1;
  writeFileSync(layer, bytes);
  const damaged = await bench.here('validate', '--format', 'json', layouts[0]);
  t.is(damaged.code, 1);
  t.like(JSON.parse(damaged.stdout), { problems: [{ where: manifest.layers[0].digest }] });
  rmSync(layer);
  const missing = await bench.here('validate', '--format', 'json', layouts[0]);
  t.is(missing.code, 1);
  t.like(JSON.parse(missing.stdout), { problems: [{ where: manifest.layers[0].digest, code: 'BLOB_MISSING' }] });
});

const blobPath = (layout: string, digest: string) => join(layout, 'blobs/sha256', digest.slice('sha256:'.length));

test.serial('an index is made of images, shown, copied whole or for one platform', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  await using registry = await startRegistry();
  const context = bench.directory('context', { Dockerfile: 'FROM scratch\nARG TARGETARCH\nLABEL a=$TARGETARCH\n' });
  const name = (tag: string) => `${registry.host}/app:${tag}`;
  for (const arch of ['amd64', 'arm64'])
    await ok(t, bench, 'build', '--platform', `linux/${arch}`, '-t', name(arch), '--push', context);
  const index = await ok(t, bench, 'index create', '--annotation', 'k=v', name('all'), name('amd64'), name('arm64'));
  t.is(await digestOf(`docker://${name('all')}`), index);
  const shown = await ok(t, bench, 'index inspect', name('all'));
  t.regex(shown, new RegExp(`linux/arm64 +${await digestOf(`docker://${name('arm64')}`)}`));
  t.like(JSON.parse(await ok(t, bench, 'index inspect', '--format', 'json', name('all'))), { annotations: { k: 'v' } });
  const layout = join(bench.path, 'layout');
  mkdirSync(layout);
  t.is(await ok(t, bench, 'copy', name('all'), `oci:${layout}:all`), index);
  t.is(await ok(t, bench, 'push', `oci:${layout}:all`, `${registry.host}/copy:1`), index);
  const arm = await ok(t, bench, 'copy', '--platform', 'linux/arm64', `oci:${layout}:all`, `oci:${layout}:arm`);
  t.is(arm, await digestOf(`docker://${name('arm64')}`));
  t.regex(await ok(t, bench, 'inspect', '--platform', 'linux/arm64', `oci:${layout}:all`), /a=arm64/);
  t.regex(await ok(t, bench, 'validate', `oci:${layout}:all`), /5 documents/);
  const missing = await bench.here('inspect', '--platform', 'linux/s390x', name('all'));
  t.regex(missing.stderr, /linux\/amd64, linux\/arm64/);
  const twice = await bench.here('index create', name('x'), name('all'), `oci:${layout}:arm`);
  t.is(twice.code, 0, 'the same image twice is one');
  const refused = await bench.here('copy', name('all'), `docker-archive:${join(bench.path, 'd.tar')}`);
  t.regex(refused.stderr, /one platform/);
});
