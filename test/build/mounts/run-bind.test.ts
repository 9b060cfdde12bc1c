import { chownSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseNamedContext } from '../../../src/build/contexts/named-context.ts';
import { keepLocalImage } from '../../../src/build/images/local-images.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { makeGitRepository, startGitServer } from '../../support/git-server.ts';
import { onBothRungs } from '../support/run-bench.ts';

onBothRungs('a context is bound as it lies on disk, read-only', async (t, bench) => {
  bench.directory('context', { 'src/a': 'one\n', 'src/deep/b': 'two\n' });
  const { stdout, layer } = await bench.run(
    'FROM busybox\nWORKDIR /w\n' +
      'RUN --mount=target=. cat src/a; stat -c %i src/deep/b; (: > src/a) 2>/dev/null || echo no\n' +
      'RUN --mount=source=src/deep/b,target=/etc/b cat /etc/b; (: > /etc/b) 2>/dev/null || echo no\n' +
      'RUN --mount=type=bind,src=/src,dst=/m/../m,ro=true ls /m; ls /etc | grep -c ^b || :\n',
  );
  const inode = statSync(join(bench.context, 'src/deep/b')).ino;
  t.is(stdout, `one\n${inode}\nno\ntwo\nno\na\ndeep\n0\n`);
  t.deepEqual(layer, []);
});

onBothRungs("files of a context are root's, and ignored ones are not there", async (t, bench) => {
  bench.directory('context', { 'src/a': 'one\n', 'src/secret': 'x', '.dockerignore': 'src/secret\n' });
  chownSync(join(bench.context, 'src'), 1000, 1000);
  chownSync(join(bench.context, 'src/a'), 1000, 1000);
  const { stdout } = await bench.run(
    'FROM busybox\nRUN --mount=target=/c cd /c/src; ls; stat -c %u:%g . a; (: > a) 2>/dev/null || echo no\n',
  );
  t.is(stdout, 'a\n0:0\n0:0\nno\n');
});

onBothRungs('what is written to a bind is gone', async (t, bench) => {
  bench.directory('context', { 'src/a': 'one\n' });
  const { stdout, layer } = await bench.run(
    'FROM busybox AS made\nRUN mkdir /out && echo two > /out/b && ln -s out /link && chown 5:6 /out/b\n' +
      'FROM busybox\n' +
      'RUN --mount=target=/c,rw --mount=from=made,source=/link,target=/s,readwrite=true set -e; echo x >> /c/src/a; rm /s/b; touch /c/new /s/new; ls /c /s; cat /c/src/a\n' +
      'RUN --mount=target=/c,rw --mount=from=made,source=/link/b,target=/s/b cat /c/src/a /s/b; stat -c %u:%g /s/b; ls /c\n' +
      'RUN --mount=from=made,target=/s,ro=false echo mine > /s/etc/passwd; grep -c root /etc/passwd; ls /s/out\n',
  );
  t.is(stdout, '/c:\nnew\nsrc\n\n/s:\nnew\none\nx\none\ntwo\n5:6\nsrc\n1\nb\n');
  t.deepEqual(layer, []);
  t.is(readFileSync(join(bench.context, 'src/a'), 'utf8'), 'one\n');
  t.false(existsSync(join(bench.context, 'new')));
});

onBothRungs('a privileged RUN cannot write to the context either', async (t, bench) => {
  bench.directory('context', { a: 'one\n' });
  const run = {
    allowed: new Set(['security.insecure'] as const),
    network: 'default' as const,
    extraHosts: [],
    rlimits: [],
  };
  await bench.run(
    'FROM busybox\nRUN --security=insecure --mount=target=/c mount -o remount,rw,bind /c; echo x > /c/a\n',
    { run },
  );
  t.is(readFileSync(join(bench.context, 'a'), 'utf8'), 'one\n');
});

onBothRungs('targets leave no trace', async (t, bench) => {
  bench.directory('context', { d: 'data\n' });
  const mount = (target: string) => `--mount=source=d,target=${target}`;
  const { stdout, layer } = await bench.run(
    'FROM busybox\nRUN mkdir -p /real && ln -s /real /link && ln -s /nowhere/file /dangling && echo old > /real/file\n' +
      `RUN ${mount('/no/such/parent/file')} ${mount('/link/file')} ${mount('/link/more')} ${mount('/dangling')} ` +
      'cat /no/such/parent/file /real/file /real/more /nowhere/file; echo x > /no/x\n',
  );
  t.is(stdout, 'data\n'.repeat(4));
  // What the command itself made stays, with the directory that it needs.
  t.deepEqual(layer, ['no', 'no/x']);
  const after = await bench.run(
    'FROM busybox\nRUN mkdir /real && echo old > /real/file\n' +
      `RUN ${mount('/real/file')} true\nRUN cat /real/file\n`,
  );
  t.is(after.stdout, 'old\n');
  t.like(await bench.fail('FROM busybox\nRUN --mount=source=d,target=/etc true\n'), { code: 'MOUNT_TARGET' });
});

onBothRungs('mounts below mounts, in whatever order', async (t, bench) => {
  bench.directory('context', { 'a/in': 'a\n', 'b/in': 'b\n' });
  const { stdout, layer } = await bench.run(
    'FROM busybox\n' +
      'RUN --mount=source=b,target=/m/sub --mount=source=a,target=/m,rw --mount=type=tmpfs,target=/m/sub/../sub2 cat /m/in /m/sub/in; touch /m/sub2/x\n' +
      'RUN --mount=type=tmpfs,target=/etc cat /etc/hosts | head -n1; ls /etc\n',
  );
  t.is(stdout, 'a\nb\n127.0.0.1\tlocalhost\nhosts\nresolv.conf\n');
  t.deepEqual(layer, []);
});

onBothRungs('a source that is not there, or not yet', async (t, bench) => {
  const fail = async (options: string) => bench.fail(`FROM busybox\nRUN --mount=${options} true\n`);
  t.like(await fail('source=absent,target=/m'), { message: '"/absent": not found' });
  const later = 'FROM busybox AS own\nRUN --mount=from=later,target=/m true\nFROM own AS later\n';
  t.like(await bench.fail(later), { code: 'STAGE_ORDER' });
  t.like(await bench.fail('FROM busybox AS own\nRUN --mount=from=own,target=/m true\n'), { code: 'STAGE_ORDER' });
  t.like(await bench.fail('FROM busybox\nRUN --mount=from=0,target=/m true\n'), { code: 'STAGE_ORDER' });
  t.like(await bench.fail('FROM busybox\nRUN --mount=target=/ true\n'), { code: 'DOCKERFILE_MOUNT' });
  t.like(await bench.fail('FROM busybox\nRUN --mount=target=/x,uid=1 true\n'), { code: 'DOCKERFILE_MOUNT' });
  symlinkSync('../../../../etc', join(bench.context, 'out'));
  writeFileSync(join(bench.context, 'x'), '');
  t.like(await fail('source=out,target=/m'), { message: '"/out": not found' });
});

onBothRungs('named contexts of every kind are bound: a directory, a repository, an image', async (t, bench) => {
  await using server = await startGitServer();
  makeGitRepository(server.directory, 'lib.git').commit({ 'sub/g': 'git' });
  const tree = bench.directory('tree', { f: 'directory' });
  await bench.run('RUN echo image > /i\n', {
    inspect: (_, services, result) => keepLocalImage(services, parseReference('local.example/i:1'), result),
  });
  const namedContexts = new Map(
    Object.entries({ tree, lib: `${server.url}/lib.git`, image: 'docker-image://local.example/i:1' }).map(
      ([name, value]) => [name, parseNamedContext(name, value)] as const,
    ),
  );
  const run =
    'RUN --mount=type=bind,from=tree,target=/t --mount=type=bind,from=lib,source=sub,target=/l ' +
    '--mount=type=bind,from=image,target=/m cat /t/f /l/g /m/i; touch /t/x 2>/dev/null || echo read-only\n';
  const first = await bench.run(run, { namedContexts });
  t.is(first.stdout, 'directorygitimage\nread-only\n');
  t.deepEqual(first.layer, []);
  t.is((await bench.run(run, { namedContexts })).steps.at(-1)?.status, 'hit');
  makeGitRepository(server.directory, 'lib.git').commit({ 'sub/g': 'changed' });
  t.is((await bench.run(run, { namedContexts })).stdout, 'directorychangedimage\nread-only\n');
});
