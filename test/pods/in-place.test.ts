import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeBusyboxRoot, packRoot } from '../../scripts/busybox-base.ts';
import { inPlaceOptions } from '../../src/cli/in-place-flags.ts';
import { findTool } from '../../src/sandbox/find-tool.ts';
import { cannotRun, TOOL_PATH } from '../sandbox/support/sandbox-bench.ts';
import { notRun } from '../support/not-run.ts';
import { SMALL_POD } from './support/pod-rows.ts';
import { makePod, type RunningPod } from './support/run-in-pod.ts';

// Only ever within a pod of its own: it replaces the root.
const check = (title: string, body: (t: ExecutionContext, pod: RunningPod) => Promise<void>): void => {
  test.serial(title, async (t) => {
    const isMissing = cannotRun() !== undefined || !findTool('runc', TOOL_PATH) || !findTool('ldd', TOOL_PATH);
    using pod = isMissing ? undefined : makePod(SMALL_POD);
    const start = await pod?.shell('/varve/bin/varve --version');
    if (!pod || start?.code !== 0) {
      notRun(t, `needs root, busybox-static, runc and ldd: ${start?.stderr ?? ''}`);
      return;
    }
    const directory = mkdtempSync(join(tmpdir(), 'varve-in-place-'));
    try {
      await makeBusyboxRoot(join(directory, 'root'));
      await packRoot(join(directory, 'root'), join(pod.workspace, 'root.tar'));
      await body(t, pod);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
};

const BUILD = ['build', '--isolation', 'in-place', '-o', 'type=tar,dest=/workspace/out.tar', '/workspace'];

check('in-place: stages replace the root one after another, C library and all; varve goes on', async (t, pod) => {
  writeFileSync(join(pod.workspace, 'secret'), 'hidden');
  writeFileSync(
    join(pod.workspace, 'Dockerfile'),
    `FROM scratch AS base
ADD root.tar /
FROM base AS one
RUN --mount=type=cache,target=/c echo one > /made && : > /c/f; ln /c/f /c/hard; ls -d /lib* /left || echo "> nothing left"; (sleep 1000 &)
FROM base
RUN --mount=type=cache,target=/c --mount=type=bind,source=secret,target=/b/s --mount=type=cache,id=other,target=/other \\
  test -d /c && test ! -L /c && test "$(stat -c %h /c/f)" = 2 && echo x > /c/g && rm /c/f && test -f /b/s && ls /other | wc -l && echo "> $(ls /c)"
RUN --mount=type=cache,target=/c --mount=type=secret,id=s test ! -L /run/secrets/s && ls /c | tr "\\n" " " && echo "> again $(cat /c/g)"
RUN --mount=type=secret,id=s echo "> $(cat /run/secrets/s) $(grep -c Name /proc/self/status)"; test ! -e /made; echo two > /two; chown 7:8 /two
COPY --from=one /made /copied
RUN rm /bin/vi; ls /run /c 2>/dev/null || echo "> $(cat /two /copied | tr "\\n" " ")"; exit 0
`,
  );
  const { code, stderr } = await pod.varve('build', '--secret', 'id=s,src=/workspace/secret', ...BUILD.slice(1));
  t.is(code, 0, stderr);
  for (const said of ['nothing left', 'again x', 'hidden 1', 'two one '])
    t.true(stderr.includes(`> ${said}`), `${said}: ${stderr}`);
  const list = spawnSync('tar', ['-tvf', join(pod.workspace, 'out.tar'), '--numeric-owner'], {
    encoding: 'utf8',
  }).stdout;
  t.regex(list, / 7\/8 .* two$/m);
  t.regex(list, / copied$/m);
  const names = list
    .trim()
    .split('\n')
    .map(
      (line) =>
        line
          .replace(/ -> .*/, '')
          .split(' ')
          .at(-1)!,
    );
  for (const name of ['made', 'bin/vi', 'left/', 'varve/', 'store/', 'c/', 'workspace/'])
    t.false(names.includes(name), name);
  const left = await pod.shell('cat /two; ls /lib 2>&1');
  t.regex(left.stdout, /^two\n.*No such file/, 'the root is as the last RUN left it');
});

check('in-place: --preserve-context puts the root back, --cleanup empties it', async (t, pod) => {
  const dockerfile = 'FROM scratch\nADD root.tar /\nRUN rm -r /home; echo x > /x\n';
  writeFileSync(join(pod.workspace, 'Dockerfile'), dockerfile);
  const preserved = await pod.varve(...BUILD, '--preserve-context');
  t.is(preserved.code, 0, preserved.stderr);
  t.is((await pod.shell('test -d /left/over && test ! -e /x && /varve/bin/varve --version')).code, 0);
  // RUN is executed again: only then is anything changed.
  const cleaned = await pod.varve(...BUILD, '--cleanup', '--no-cache');
  t.is(cleaned.code, 0, cleaned.stderr);
  t.not((await pod.shell('true')).code, 0, 'there is no shell any more');
});

test('in-place is for containers that are for builds only, and its flags are for it', (t) => {
  t.is(inPlaceOptions('auto', {}, {}, []), undefined);
  t.throws(() => inPlaceOptions('auto', { preCleanup: true }, {}, []), {
    message: /--pre-cleanup is for --isolation in-place/,
  });
  t.regex(inPlaceOptions('in-place', {}, {}, [])?.refusal ?? '', /the image would replace all of its files; --force/);
  t.is(inPlaceOptions('in-place', { force: true }, {}, [])?.refusal, undefined);
  t.is(inPlaceOptions('in-place', {}, { container: 'oci' }, [])?.refusal, undefined);
  t.throws(() => inPlaceOptions('in-place', { force: true }, {}, ['/']), { code: 'USAGE' });
  const options = inPlaceOptions('in-place', { cleanup: true }, {}, ['/context']);
  t.is(options?.afterwards, 'emptied');
  t.true(options?.kept.includes('/context'));
});
