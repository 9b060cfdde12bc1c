import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeBusyboxRoot, packRoot } from '../../scripts/busybox-base.ts';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';
import { makeOrdinaryUser } from '../sandbox/support/ordinary-user.ts';
import { cannotRun } from '../sandbox/support/sandbox-bench.ts';
import { notRun } from '../support/not-run.ts';

const VARVE = join(import.meta.dirname, '../../bin/varve');
const DOCKERFILE = `FROM scratch
ADD root.tar /
RUN echo one > /one && chown 7:8 /one
RUN rm /one && echo "$(id -u)" > /two
RUN test ! -e /one && test "$(cat /two)" = 0
`;

/** A context that anybody can read. */
async function makeContext(path: string): Promise<string> {
  const [root, context] = [join(path, 'root'), join(path, 'context')];
  for (const directory of [root, context]) mkdirSync(directory);
  await makeBusyboxRoot(root);
  await packRoot(root, join(context, 'root.tar'));
  writeFileSync(join(context, 'Dockerfile'), DOCKERFILE);
  for (const directory of [path, context]) chmodSync(directory, 0o755);
  return context;
}

/** What one path of a tar has; undefined when it is not there. */
function contentIn(tar: string, path: string): string | undefined {
  const { status, stdout } = spawnSync('tar', ['--extract', '--to-stdout', '--file', tar, path], { encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}

const check = (title: string, body: (t: ExecutionContext, path: string) => Promise<void>): void => {
  test(title, async (t) => {
    const reason = cannotRun();
    if (reason) {
      notRun(t, reason);
      return;
    }
    using temp = temporaryDirectory('varve-plain');
    await body(t, temp.path);
  });
};

check(
  'a build on a store that lies on an overlay takes a plain rootfs by itself, and --verbose says why',
  async (t, path) => {
    const context = await makeContext(path);
    const place = join(path, 'place');
    for (const name of ['lower', 'upper', 'work', 'store']) mkdirSync(join(place, name), { recursive: true });
    const mount =
      'cd "$1" && mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work x store && shift && exec "$@"';
    const build = [
      VARVE,
      'build',
      '--verbose',
      '--store',
      join(place, 'store'),
      '-o',
      `type=oci,dest=${join(path, 'out.oci')}`,
      context,
    ];
    const { status, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', mount, 'sh', place, ...build], {
      encoding: 'utf8',
    });
    t.is(status, 0, stderr);
    t.regex(stderr, /works: .*plain rootfs \(.*put it on a volume/);
  },
);

check('an ordinary user builds with --rootfs plain', async (t, path) => {
  const context = await makeContext(path);
  using user = makeOrdinaryUser();
  const become = ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups', '--'];
  if (spawnSync('setpriv', [...become, 'test', '-r', VARVE]).status !== 0) {
    notRun(t, 'an ordinary user cannot read the source');
    return;
  }
  const tar = join(user.directory, 'out.tar');
  const build = ['build', '--rootfs', 'plain', '--store', join(user.directory, 'store'), '-o', `type=tar,dest=${tar}`];
  const { status, stderr } = spawnSync('setpriv', [...become, VARVE, ...build, context], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: user.directory },
  });
  t.is(status, 0, stderr);
  t.deepEqual([contentIn(tar, 'two'), contentIn(tar, 'one')], ['0\n', undefined]);
});
