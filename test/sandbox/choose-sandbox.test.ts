import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import test, { type ExecutionContext } from 'ava';
import { chooseSandbox } from '../../src/sandbox/choose-sandbox.ts';
import { findTool } from '../../src/sandbox/find-tool.ts';
import { probeRungs } from '../../src/sandbox/probe-rungs.ts';
import type { RungReport } from '../../src/sandbox/sandbox.ts';
import { notRun } from '../support/not-run.ts';
import { cannotRun, rungDeps, TOOL_PATH } from './support/sandbox-bench.ts';

const check = (title: string, body: (t: ExecutionContext, scratch: string) => Promise<void>): void => {
  test(title, async (t) => {
    const reason = cannotRun();
    if (reason) {
      notRun(t, reason);
      return;
    }
    const scratch = mkdtempSync(`${tmpdir()}/varve-probe-`);
    try {
      await body(t, scratch);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
};

/** A PATH with only these programs. */
function pathWith(scratch: string, tools: readonly string[]): string {
  const directory = `${scratch}/bin`;
  mkdirSync(directory);
  for (const tool of tools) {
    const file = findTool(tool, TOOL_PATH);
    if (file) symlinkSync(file, `${directory}/${tool}`);
  }
  return directory;
}

const BASICS = ['sh', 'setpriv', 'unshare', 'mount', 'umount', 'cp', 'env', 'readlink', 'mkdir', 'hostname'];

check('auto takes the first that works, and leaves nothing', async (t, scratch) => {
  const { sandbox, reports } = await chooseSandbox('auto', { ...rungDeps(), scratch });
  t.is(sandbox.rung, findTool('runc', TOOL_PATH) ? 'oci' : 'namespaces');
  t.like(reports.at(-1), { rung: sandbox.rung, works: true });
  t.deepEqual(readdirSync(scratch), []);
});

check('without a runtime auto takes namespaces', async (t, scratch) => {
  const toolPath = pathWith(scratch, BASICS);
  const { sandbox, reports } = await chooseSandbox('auto', { ...rungDeps(), toolPath, scratch });
  t.is(sandbox.rung, 'namespaces');
  t.deepEqual(
    reports.map(({ rung, works }) => [rung, works]),
    [
      ['oci', false],
      ['namespaces', true],
    ],
  );
  t.regex(reports[0]?.detail ?? '', /runc is not installed; crun is not installed/);
});

check('crun only where the kernel itself keeps devices shut', async (t, scratch) => {
  const toolPath = pathWith(scratch, [...BASICS, 'crun']);
  const [oci] = await probeRungs(['oci'], { ...rungDeps(), toolPath, scratch });
  if (findTool('crun', TOOL_PATH) === undefined) t.log('crun is not installed');
  else t.regex(oci?.detail ?? '', /crun is used in a user namespace only/);
  t.false(oci?.works);
});

check('a rootfs that is asked for is the only one tried', async (t, scratch) => {
  for (const rootfs of ['overlay', 'plain'] as const)
    t.is((await chooseSandbox('namespaces', { ...rungDeps(), scratch, rootfs })).rootfs, rootfs);
  t.is((await chooseSandbox('namespaces', { ...rungDeps(), scratch })).rootfs, 'overlay');
});

check('nothing works: what every rung lacks', async (t, scratch) => {
  const host = rungDeps();
  const facts = { ...host.facts, effective: [] };
  const deps = { ...host, facts, toolPath: pathWith(scratch, ['sh', 'setpriv']), scratch };
  const error = await t.throwsAsync(chooseSandbox('auto', deps));
  t.like(error, { code: 'NO_SANDBOX' });
  t.regex(error?.message ?? '', /oci: .*not installed.*namespaces: unshare was not found.*install util-linux/s);
  t.regex(String((error as { hint?: string } | undefined)?.hint), /install runc/);
  const one = await t.throwsAsync(chooseSandbox('oci', deps));
  t.notRegex(one?.message ?? '', /namespaces/);
});

check('on a store that lies on an overlay a plain rootfs is taken, and why', async (t, scratch) => {
  for (const name of ['lower', 'upper', 'work', 'store']) mkdirSync(`${scratch}/${name}`);
  const mount =
    'cd "$1" && mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work x store && exec "$2" "$3" "$1/store"';
  const program = new URL('./support/probe-program.ts', import.meta.url).pathname;
  const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', mount, 'sh', scratch, process.execPath, program], {
    encoding: 'utf8',
  });
  t.is(stderr, '');
  const reports: RungReport[] = JSON.parse(stdout);
  for (const { works, detail } of reports) {
    if (works) t.regex(detail, /, plain rootfs \(.*the root filesystem cannot be mounted.*put it on a volume/);
    else t.regex(detail, /not installed/);
  }
  t.like(reports.at(-1), { rung: 'namespaces', works: true });
});

check('chroot is what is left when no user namespace can be had; it is tried last', async (t, scratch) => {
  const deps = { ...rungDeps(), noUserNamespace: 'unshare failed', scratch };
  const { sandbox, rootfs, reports } = await chooseSandbox('auto', deps);
  t.deepEqual([sandbox.rung, rootfs], ['chroot', 'plain']);
  t.deepEqual(
    reports.map(({ rung, works }) => [rung, works]),
    [
      ['oci', false],
      ['namespaces', false],
      ['chroot', true],
    ],
  );
  t.regex(reports[0]?.detail ?? '', /no CAP_SYS_ADMIN, and a user namespace cannot be had: unshare failed/);
  const without = { ...deps, facts: { ...deps.facts, effective: [] } };
  const error = await t.throwsAsync(chooseSandbox('auto', without), { code: 'NO_SANDBOX' });
  t.regex(error?.message ?? '', /chroot: CAP_SYS_CHROOT is missing/);
});
