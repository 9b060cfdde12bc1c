import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import test from 'ava';
import { cliBench } from './support/cli-bench.ts';

const DOCKERFILE = 'FROM scratch\nCOPY . /app/\nENV A=b\n';

test.serial('--reproducible: two checkouts and two stores give one digest', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  const digests: string[] = [];
  for (const [i, seconds] of [1_000_000_000, 1_700_000_000].entries()) {
    const context = bench.directory(`checkout-${i}`, { Dockerfile: DOCKERFILE, 'dir/file': 'hello\n' });
    for (const path of ['Dockerfile', 'dir/file', 'dir']) utimesSync(join(context, path), seconds, seconds);
    const file = join(bench.path, `digest-${i}`);
    const args = ['--reproducible', '--store', join(bench.path, `store-${i}`), '-t', 'a:1', '--digest-file', file];
    const { code, stderr } = await bench.here('build', ...args, context);
    t.is(code, 0, stderr);
    digests.push(readFileSync(file, 'utf8'));
  }
  t.is(digests[1], digests[0]);
});

test.serial('--quiet prints the digest of --iidfile and nothing else', async (t) => {
  const bench = cliBench(t);
  const context = bench.directory('quiet', { Dockerfile: DOCKERFILE });
  const iid = join(bench.path, 'iid');
  const quiet = await bench.here('build', '-q', '--iidfile', iid, '-o', 'type=cacheonly', context);
  t.deepEqual(quiet, { code: 0, signal: null, stdout: `${readFileSync(iid, 'utf8')}\n`, stderr: '' });
  for (const [other, is] of [
    ['--explain', '--explain and --quiet both'],
    ['--progress=plain', '--progress plain'],
  ]) {
    const refused = await bench.here('build', '-q', other!, context);
    t.is(refused.code, 2);
    t.true(refused.stderr.includes(is!), refused.stderr);
  }
});

test.serial('eStargz and zstd images of one build are read by skopeo and umoci', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  const context = bench.directory('context', {
    Dockerfile: DOCKERFILE,
    'dir/file': 'hello\n',
    '.dockerignore': 'Dockerfile',
  });
  const layouts = ['estargz', 'zstd'].map((name) => ({ name, path: join(bench.path, name) }));
  const outputs = layouts.flatMap(({ name, path }) => [
    '-o',
    `type=oci,dest=${path},name=x.example/a:1,compression=${name}`,
  ]);
  const { code, stderr } = await bench.here('build', ...outputs, context);
  t.is(code, 0, stderr);
  for (const { name, path } of layouts) {
    const copied = join(bench.path, `${name}-copied`);
    execFileSync('skopeo', ['copy', `oci:${path}:x.example/a:1`, `oci:${copied}:1`], { stdio: 'ignore' });
    const index = JSON.parse(readFileSync(join(copied, 'index.json'), 'utf8'));
    const { digest } = index.manifests[0];
    t.is(digest, JSON.parse(readFileSync(join(path, 'index.json'), 'utf8')).manifests[0].digest);
    const manifest = JSON.parse(readFileSync(join(copied, 'blobs/sha256', digest.slice(7)), 'utf8'));
    t.is(manifest.layers[0].annotations !== undefined, name === 'estargz');
    if (name === 'zstd') {
      // Debian 12's umoci knows no zstd, and skopeo writes it nowhere unpacked; the layer is one small frame.
      const blob = (of: string) => readFileSync(join(copied, 'blobs/sha256', of.slice(7)));
      const [diffId] = JSON.parse(blob(manifest.config.digest).toString()).rootfs.diff_ids;
      t.is(`sha256:${hash('sha256', zstdDecompressSync(blob(manifest.layers[0].digest)))}`, diffId);
      continue;
    }
    const bundle = join(bench.path, `${name}-bundle`);
    execFileSync('umoci', ['unpack', '--image', `${copied}:1`, bundle], { stdio: 'ignore' });
    t.is(readFileSync(join(bundle, 'rootfs/app/dir/file'), 'utf8'), 'hello\n');
  }
});
