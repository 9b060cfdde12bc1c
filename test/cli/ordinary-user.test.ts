import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeBusyboxRoot, packRoot } from '../../scripts/busybox-base.ts';
import { copySshClient, makeKey, noSshClient } from '../build/support/ssh-client.ts';
import { makeOrdinaryUser, type OrdinaryUser } from '../sandbox/support/ordinary-user.ts';
import { cannotRun } from '../sandbox/support/sandbox-bench.ts';
import { notRun } from '../support/not-run.ts';

const VARVE = join(import.meta.dirname, '../../bin/varve');
const TOOLS = ['/usr/sbin/useradd', '/usr/bin/newuidmap', '/usr/bin/setpriv'];

interface UserBench {
  readonly user: OrdinaryUser;
  /** A directory that the user may read, with a Dockerfile and these files. */
  context(name: string, files: Readonly<Record<string, string>>): string;
  varve(...args: string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string };
}

/** Tests the command line as an ordinary user, with subordinate ids and a busybox base of the user's own. */
function asUser(title: string, body: (t: ExecutionContext, bench: UserBench) => Promise<void>): void {
  test.serial(title, async (t) => {
    const missing = TOOLS.find((tool) => !isThere(tool));
    const reason = cannotRun() ?? (missing === undefined ? undefined : `needs ${missing}`);
    if (reason !== undefined) {
      notRun(t, reason);
      return;
    }
    using user = makeOrdinaryUser();
    const become = ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups', '--'];
    const bench: UserBench = {
      user,
      context(name, files) {
        const path = join(user.directory, name);
        mkdirSync(path);
        for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
        return path;
      },
      varve(...args) {
        const env = { PATH: process.env.PATH, HOME: user.directory, VARVE_STORE: join(user.directory, 'store') };
        return spawnSync('setpriv', [...become, VARVE, ...args], { encoding: 'utf8', env, cwd: '/' });
      },
    };
    const [root, tar] = [join(user.directory, 'root'), join(user.directory, 'base.tar')];
    await makeBusyboxRoot(root);
    if (noSshClient() === undefined) await copySshClient(root);
    await packRoot(root, tar);
    const imported = bench.varve('import', tar, 'localhost/base:1');
    t.is(imported.status, 0, imported.stderr);
    await body(t, bench);
  });
}

function isThere(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}

const said = (stderr: string): string[] =>
  stderr
    .split('\n')
    .filter((line) => /^#\d+ [\d.]+ > /.test(line))
    .map((line) => line.replace(/^#\d+ [\d.]+ > /, ''));

asUser('an ordinary user: secrets, ulimits, caches and an overlay or a plain rootfs', async (t, bench) => {
  const context = bench.context('context', {
    secret: 's3cret',
    Dockerfile:
      'FROM localhost/base:1\n' +
      'RUN --mount=type=secret,id=s --mount=type=cache,target=/c echo "> $(cat /run/secrets/s) $(ulimit -n) $(id -u)"; touch /c/f; chown 5:6 /bin/busybox\n' +
      'COPY secret /copied\nRUN rm /copied; echo "> $(stat -c %u:%g /bin/busybox)"\n',
  });
  for (const rootfs of ['auto', 'plain']) {
    const flags = ['--rootfs', rootfs, '--no-cache', '--secret', `id=s,src=${join(context, 'secret')}`];
    const { status, stderr } = bench.varve('build', ...flags, '--ulimit', 'nofile=123:456', context);
    t.is(status, 0, stderr);
    t.deepEqual(said(stderr), ['s3cret 123 0', '5:6'], rootfs);
  }
  const raised = bench.varve('build', '--no-cache', '--ulimit', 'nofile=99999999:99999999', context);
  t.not(raised.status, 0, 'a hard limit is raised by nobody but root');
  t.regex(raised.stderr, /nofile|limit/i);

  const count = (): number => JSON.parse(bench.varve('store', 'du', '--format', 'json').stdout).layers.count;
  t.true(count() > 0);
  const verified = bench.varve('store', 'verify');
  t.is(verified.status, 0, verified.stdout + verified.stderr);
  const pruned = bench.varve('store', 'prune', '--all');
  t.is(pruned.status, 0, pruned.stderr);
  t.is(count(), 0);
  t.deepEqual(readdirSync(join(bench.user.directory, 'store/v1/tmp')), []);
});

asUser('an ordinary user: an ssh key signs in a RUN', async (t, bench) => {
  const reason = noSshClient();
  if (reason !== undefined) {
    notRun(t, reason);
    return;
  }
  const context = bench.context('context', {
    Dockerfile:
      'FROM localhost/base:1\nRUN --mount=type=ssh echo "> $(ssh-add -L | cut -d" " -f3) $(stat -c %a:%u $SSH_AUTH_SOCK)"\n',
  });
  const key = await makeKey(context, 'mine');
  chownSync(key, bench.user.uid, bench.user.gid);
  chmodSync(key, 0o600);
  for (const rootfs of ['auto', 'plain']) {
    const flags = ['--rootfs', rootfs, '--no-cache', '--ssh', `default=${key}`];
    const { status, stderr } = bench.varve('build', ...flags, context);
    t.is(status, 0, stderr);
    t.deepEqual(said(stderr), ['mine 600:0'], rootfs);
  }
});

asUser(
  'an ordinary user: --security=insecure gives what the user has in a namespace, and no more',
  async (t, bench) => {
    const context = bench.context('context', {
      Dockerfile:
        'FROM localhost/base:1\nRUN --security=insecure mkdir /m && mount -t tmpfs none /m && echo "> mounted"; ' +
        'mknod /n c 1 3 2>/dev/null || echo "> no device"\n',
    });
    const refused = bench.varve('build', context);
    t.regex(refused.stderr, /security\.insecure is not allowed/);
    const { status, stderr } = bench.varve('build', '--allow', 'security.insecure', context);
    t.is(status, 0, stderr);
    t.deepEqual(said(stderr), ['mounted', 'no device']);
  },
);
