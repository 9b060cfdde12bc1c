import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { widthOf } from '../../../src/cli/progress/fit-line.ts';
import { notRun } from '../../support/not-run.ts';
import { cliBench } from '../support/cli-bench.ts';
import { hasTerminals, openTerminal } from '../support/terminal.ts';

const VARVE = join(import.meta.dirname, '../../../bin/varve');

// Both stages run until the test has seen enough: then it puts a file into the cache mount.
const DOCKERFILE = `
FROM localhost/busybox:1 AS deps
RUN --mount=type=cache,target=/sync for i in 1 2 3; do printf 'fetch %s 日本語 e\\314\\201\\n' $i; done; until [ -e /sync/go ]; do sleep 0.1; done
FROM localhost/busybox:1 AS tests
RUN --mount=type=cache,target=/sync printf '\\033[2J\\033[1;1Hhostile\\n'; until [ -e /sync/go ]; do sleep 0.1; done
FROM localhost/busybox:1
COPY --from=deps /bin/busybox /a
COPY --from=tests /bin/busybox /b
RUN seq 1 60; exit 7
`;

test('in a terminal: steps side by side, at every width, and the error once below what was done', async (t) => {
  t.timeout(300_000);
  if (!hasTerminals()) {
    notRun(t, 'tmux is not installed');
    return;
  }
  const bench = cliBench(t);
  await bench.importBusybox('localhost/busybox:1');
  const context = bench.directory('context', { Dockerfile: DOCKERFILE });
  const { PATH = '', HOME = '/root' } = process.env;
  const env = { PATH, HOME, TERM: 'screen', CI: '', BUILDKIT_PROGRESS: '', GITHUB_ACTIONS: '' };
  const command = [VARVE, 'build', '--parallel', '2', '--store', bench.store, context];
  await using terminal = await openTerminal(bench.path, command, { columns: 80, rows: 24, env });
  // What was drawn at a greater width stays above.
  const isDrawn = (columns: number) => (all: string) => {
    const screen = all.slice(Math.max(0, all.lastIndexOf('[+] building')));
    const lines = screen.trimEnd().split('\n');
    const clocks = lines.filter((line) => /\d\.\ds$/.test(line));
    return (
      /^\[\+] building: 2 running/.test(screen) &&
      screen.includes('=> # fetch 3 日本語 e\u0301') &&
      screen.includes('=> # hostile') &&
      clocks.length === 3 &&
      clocks.every((line) => widthOf(line) === columns - 1)
    );
  };
  await terminal.until(isDrawn(80), '80 columns');
  for (const columns of [50, 132, 41]) {
    await terminal.resize(columns, 24);
    await terminal.until(isDrawn(columns), `${columns} columns`);
  }
  await terminal.resize(100, 80);
  await terminal.until(isDrawn(100), '100 columns');
  const mounts = join(bench.store, 'v1/mounts');
  for (const id of readdirSync(mounts)) {
    const data = join(mounts, id, 'data');
    if (existsSync(data)) writeFileSync(join(data, 'go'), '');
  }
  const screen = await terminal.until((text) => text.includes('exit code 7'), 'the end');
  t.regex(screen, /^ => \[deps 1\/1] RUN .* \d+\.\ds\n/m);
  t.regex(screen, /^ => \[tests 1\/1] RUN .* \d+\.\ds\n/m);
  t.regex(screen, /^ => ERROR \[stage-2 3\/3] RUN seq 1 60; exit 7 +\d+\.\ds\n/m);
  t.regex(screen, /^failed in \d+\.\ds: 4 done, 1 failed\n/m);
  const all = await terminal.screen(true);
  t.is(all.match(/>>> RUN seq/g)?.length, 1, all);
  t.is(all.match(/^ {3}\| \d+$/gm)?.length, 50, all);
});

test('in a pipe there are no styles; a variable that names no mode is refused by its name', async (t) => {
  const bench = cliBench(t);
  const context = bench.directory('context', { Dockerfile: 'FROM scratch\nCOPY nothing /\n' });
  const build = (env: Record<string, string>) => bench.with({ BUILDKIT_PROGRESS: '', ...env }).varve('build', context);
  for (const env of [{}, { NO_COLOR: '1' }]) t.false((await build(env)).stderr.includes('\u001b'));
  const wrong = await build({ BUILDKIT_PROGRESS: 'rainbow' });
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /BUILDKIT_PROGRESS/);
});
