import { spawnSync } from 'node:child_process';
import { accessSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { needsUserNamespace, subordinateRange, userNamespaceCommands } from '../../src/sandbox/user-namespace.ts';
import { notRun } from '../support/not-run.ts';
import { makeOrdinaryUser, type OrdinaryUser } from './support/ordinary-user.ts';
import { cannotRun, TOOL_PATH } from './support/sandbox-bench.ts';

const support = (name: string): string => new URL(`./support/${name}`, import.meta.url).pathname;
const INSIDE = support('run-in-user-namespace.ts');
const ENTER = support('enter-user-namespace.ts');

/** Runs a test as root with a user to become, or says why not. */
const asOrdinaryUser = (title: string, body: (t: ExecutionContext, user: OrdinaryUser) => void): void => {
  test.serial(title, (t) => {
    const reason = cannotRun() ?? missingTool();
    if (reason) {
      notRun(t, reason);
      return;
    }
    using user = makeOrdinaryUser();
    const { status } = spawnSync('setpriv', [...become(user), 'test', '-r', INSIDE]);
    if (status !== 0) {
      notRun(t, 'an ordinary user cannot read the source');
      return;
    }
    body(t, user);
  });
};

function missingTool(): string | undefined {
  for (const tool of ['/usr/sbin/useradd', '/usr/bin/newuidmap', '/usr/bin/setpriv']) {
    try {
      accessSync(tool);
    } catch {
      return `needs ${tool}`;
    }
  }
  return undefined;
}

function become(user: OrdinaryUser): string[] {
  return ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups', '--'];
}

function runInside(launcher: readonly string[], userName: string, rung: string, directory: string) {
  const [file = '', ...args] = [...launcher, process.execPath, ENTER, userName, INSIDE, rung, directory];
  const { stdout, stderr, status } = spawnSync(file, args, { encoding: 'utf8' });
  return { stderr, status, result: stdout === '' ? undefined : JSON.parse(stdout) };
}

for (const rung of ['namespaces', 'runc']) {
  asOrdinaryUser(`an ordinary user with subordinate ids: ${rung}`, (t, user) => {
    const { result, stderr, status } = runInside(['setpriv', ...become(user)], user.name, rung, user.directory);
    t.deepEqual([status, stderr], [0, '']);
    t.like(result.facts, { inUserNamespace: true, canSetGroups: true, fullIdMap: true });
    t.false(result.needsAgain);
    t.deepEqual(result.asRoot.stdout.split('\n').slice(0, 4), ['0', '1000:2000', 'buildkitsandbox', '1']);
    t.is(result.asRoot.exitCode, 0, result.asRoot.stderr);
    t.deepEqual(result.asUser, '1000\n1000 2000\n');
    t.deepEqual(result.upper, ['etc', 'etc/moved', 'mnt', 'not-executable', 'tmp', 'tmp/x']);
    t.true(result.whiteout);
    t.is(result.owner, '1000:2000');
  });
}

asOrdinaryUser('an ordinary user without subordinate ids: one id, and a warning', (t, user) => {
  const { result, stderr, status } = runInside(['setpriv', ...become(user)], '', 'namespaces', user.directory);
  t.is(status, 0);
  t.regex(stderr, /no range in \/etc\/subuid/);
  t.like(result.facts, { inUserNamespace: true, canSetGroups: false, fullIdMap: false });
  t.true(result.reports.at(-1).works);
  t.regex(result.asUser, /only one id is mapped/);
  t.true(result.whiteout);
  t.deepEqual(result.asRoot.stdout.split('\n')[0], '0');
  t.regex(result.asRoot.stderr, /chown/);
});

asOrdinaryUser('root without CAP_SYS_ADMIN has all ids', (t, user) => {
  // As in a Kubernetes pod with Docker's default capabilities.
  const launcher = ['setpriv', '--bounding-set', '-sys_admin', '--'];
  const { result, stderr, status } = runInside(launcher, '', 'namespaces', user.directory);
  t.deepEqual([status, stderr], [0, '']);
  t.like(result.facts, { inUserNamespace: true, canSetGroups: true, fullIdMap: true });
  t.is(result.owner, '1000:2000');
});

test('CAP_SYS_ADMIN decides', (t) => {
  const status = (mask: string): string => `Name:\tx\nCapPrm:\t0\nCapEff:\t${mask}\n`;
  t.false(needsUserNamespace({ euid: 0, status: status('000001ffffffffff') }));
  t.true(needsUserNamespace({ euid: 0, status: status('00000000a80425fb') }));
  t.true(needsUserNamespace({ euid: 1000, status: status('0000000000000000') }));
  t.false(needsUserNamespace({ euid: 1000, status: status('0000000000200000') }));
  t.deepEqual(
    [0, 1000].map((euid) => needsUserNamespace({ euid, status: '' })),
    [false, true],
  );
});

test('the largest range of the user, by name or number', (t) => {
  const text = '# x\nalice:100000:65536\nbob:200000:10\n1001:300000:70000\nbob:400000:20\nbob:x:9\nbob:1:2:3\n';
  t.deepEqual(subordinateRange(text, 1000, 'alice'), { start: 100000, count: 65536 });
  t.deepEqual(subordinateRange(text, 1002, 'bob'), { start: 400000, count: 20 });
  t.deepEqual(subordinateRange(text, 1001, 'alice'), { start: 300000, count: 70000 });
  t.is(subordinateRange(text, 5, undefined), undefined);
});

test('arguments reach the command as they are', (t) => {
  const facts = { euid: 0, egid: 0, uidMap: '0 5 10\n', gidMap: '0 0 4294967295\n', subuid: '', subgid: '' };
  const [command] = userNamespaceCommands('/node', ['a b', '$x', ''], { ...facts, toolPath: TOOL_PATH });
  const args = command?.args ?? [];
  t.deepEqual(args.slice(-4), ['/node', 'a b', '$x', '']);
  t.true(args.includes('0 0 10'));
  t.throws(() => userNamespaceCommands('/node', [], { ...facts, toolPath: '/nowhere' }), { code: 'SANDBOX_TOOL' });
});
