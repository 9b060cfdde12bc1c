import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { cannotRun } from '../sandbox/support/sandbox-bench.ts';
import { notRun } from '../support/not-run.ts';
import { startRegistry } from '../support/registry.ts';
import { cliBench } from './support/cli-bench.ts';

const DOCKERFILE = `ARG BASE
FROM $BASE
ARG ROUND
RUN --mount=type=cache,target=/c echo "round $ROUND found: $(cat /c/words 2>/dev/null | tr '\\n' ' ')" && echo "word $ROUND" >>/c/words
`;

test.serial(
  '--cache-mounts: a build saves, a bake on an empty store restores; another key finds nothing',
  async (t) => {
    const reason = cannotRun();
    if (reason !== undefined) return notRun(t, reason);
    t.timeout(300_000);
    const bench = cliBench(t);
    await using registry = await startRegistry();
    const context = bench.directory('context', { Dockerfile: DOCKERFILE });
    const base = `${registry.host}/busybox:1`;
    await bench.importBusybox('localhost/busybox:1');
    const pushed = await bench.here('push', 'store:localhost/busybox:1', base);
    t.is(pushed.code, 0, pushed.stderr);
    const args = (round: number): string[] => [`--build-arg=BASE=${base}`, `--build-arg=ROUND=${round}`];
    const [key, other] = ['key', 'other'].map((name) => join(bench.path, name)) as [string, string];
    writeFileSync(key, 'a secret of some length\n');
    writeFileSync(other, 'another secret of some length\n');
    const mounts = [`--cache-mounts=${registry.host}/mounts`];
    const found = async (round: number, ...words: string[]): Promise<string> => {
      rmSync(bench.store, { recursive: true, force: true });
      const { code, stderr } = await bench.here(...words);
      t.is(code, 0, stderr);
      return new RegExp(`round ${round} found: (.*)`).exec(stderr)?.[1]?.trim() ?? stderr;
    };
    const build = (round: number, ...flags: string[]) =>
      found(round, 'build', ...mounts, ...flags, ...args(round), '--output=type=cacheonly', context);
    t.is(await build(1, `--cache-key=${key}`), '');
    t.is(await build(2, `--cache-key=${key}`, '--no-push-cache'), 'word 1');
    t.is(await build(3, `--cache-key=${other}`, '--no-push-cache'), '');

    const target = { context, args: { BASE: base, ROUND: '4' }, output: ['type=cacheonly'] };
    const file = join(bench.path, 'docker-bake.json');
    writeFileSync(file, JSON.stringify({ target: { default: target } }));
    t.is(await found(4, 'bake', ...mounts, `--cache-key=${key}`, `--file=${file}`), 'word 1');
    t.is(await build(5, `--cache-key=${key}`), 'word 1 word 4');
  },
);

test.serial('flags of saved cache mounts want a place, or are refused by name', async (t) => {
  const bench = cliBench(t);
  const context = bench.directory('context', { Dockerfile: 'FROM scratch\n' });
  for (const [flag, message] of [
    ['--cache-mounts-branch=a', /--cache-mounts-branch is for --cache-mounts/],
    ['--cache-mounts-limit=2g', /--cache-mounts-limit is for --cache-mounts/],
  ] as const) {
    const { code, stderr } = await bench.here('build', flag, context);
    t.is(code, 2, flag);
    t.regex(stderr, message);
  }
});
