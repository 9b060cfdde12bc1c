import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { makeBusyboxRoot, packRoot } from '../../scripts/busybox-base.ts';
import { findTool } from '../../src/sandbox/find-tool.ts';
import { cannotRun, TOOL_PATH } from '../sandbox/support/sandbox-bench.ts';
import { notRun } from '../support/not-run.ts';
import { CRI_O_PROFILE } from './support/pod-config.ts';
import { PODS } from './support/pod-rows.ts';
import { makePod } from './support/run-in-pod.ts';

const DOCS = join(import.meta.dirname, '../../docs/isolation.md');
/** Owners and users are for who may set them. */
const DOCKERFILE = `FROM scratch
ADD root.tar /
RUN --mount=type=cache,target=/c echo one > /dev/null; echo one > /one; (sleep 1000 &) ; : > /c/f
RUN rm /one && echo "$(id -u):$(cat /c/f 2>/dev/null || echo none)" > /two
`;

/** Row, rung and what RUN has of the table in docs/isolation.md. */
function expectedRows(): Map<string, { readonly rung: string; readonly result: string }> {
  const rows = readFileSync(DOCS, 'utf8').matchAll(/^\| ([A-Z]\d?) \| .*? \| (\S+|nothing) \| (.+?) \|$/gm);
  return new Map(
    [...rows].map(([, row = '', rung = '', result = '']) => [row, { rung: rung.replaceAll('`', ''), result }]),
  );
}

let base: string | undefined;
test.before(async () => {
  if (cannotRun() !== undefined || !findTool('runc', TOOL_PATH)) return;
  const directory = mkdtempSync(join(tmpdir(), 'varve-pods-'));
  base = directory;
  await makeBusyboxRoot(join(directory, 'root'));
  // As old base images have it: only who may make devices sees it, and everybody's image has it.
  execFileSync('mknod', ['-m', '622', join(directory, 'root/home/console'), 'c', '5', '1']);
  await packRoot(join(directory, 'root'), join(directory, 'root.tar'));
});
test.after.always(() => {
  if (base !== undefined) rmSync(base, { recursive: true, force: true });
});

test('the table of docs/isolation.md has every pod', (t) => {
  t.deepEqual(
    [...expectedRows().keys()],
    PODS.map(({ row }) => row),
  );
});

for (const pod of PODS) {
  test.serial(`pod ${pod.row}: the rung and the result of the table`, async (t) => {
    const directory = base;
    if (directory === undefined || (pod.seccomp === 'cri-o' && !existsSync(CRI_O_PROFILE))) {
      notRun(t, 'needs root, busybox-static, runc, and for A2 golang-github-containers-common');
      return;
    }
    const expected = expectedRows().get(pod.row);
    using running = makePod(pod);
    // Where tests run in a container themselves, not every pod can be had.
    const start = await running.shell('test -x /varve/bin/varve && test -r /varve/package.json');
    if (start.code !== 0) {
      notRun(t, `such a pod cannot be had here: ${start.stderr}`);
      return;
    }
    copyFileSync(join(directory, 'root.tar'), join(running.workspace, 'root.tar'));
    writeFileSync(join(running.workspace, 'Dockerfile'), DOCKERFILE);
    const output = 'type=tar,dest=/workspace/out.tar';
    const { code, stdout, stderr } = await running.varve('build', '--verbose', '-o', output, '/workspace');
    const rung = /rung (\S+): works: (.*)/.exec(stderr);
    t.log(`${pod.row} | ${rung?.[1] ?? 'nothing'} | ${code === 0 ? 'built' : 'refused'} | ${rung?.[2] ?? ''}`);
    t.is(rung?.[1] ?? 'nothing', expected?.rung ?? 'no row', stderr);
    if (rung === null) {
      t.is(code, 1);
      t.regex(stderr, /RUN cannot be isolated on this machine/);
      return;
    }
    t.is(code, 0, stdout + stderr);
    const tar = ['--extract', '--to-stdout', '--file', join(running.workspace, 'out.tar')];
    const list = ['--list', '--verbose', '--file', join(running.workspace, 'out.tar'), 'home/console'];
    t.regex(spawnSync('tar', list, { encoding: 'utf8' }).stdout, /^crw--w--w- .* 5,1 /);
    t.is(spawnSync('tar', [...tar, 'two'], { encoding: 'utf8' }).stdout, '0:none\n');
    t.not(spawnSync('tar', [...tar, 'one'], { encoding: 'utf8' }).status, 0);
  });
}
