import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { buildBench } from '../support/build-bench.ts';

const FILES = {
  'src/a': 'a',
  'big/one/x': 'x',
  'big/two/y': 'y',
  'deps/keep/k': 'k',
  'deps/other/o': 'o',
  'deps/far/away/f': 'f',
};
const DOCKERFILE = 'FROM scratch\nCOPY . /\n';

test('an ignored directory is never listed; with exceptions only what may hold one is', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', FILES);
  const listed = async (ignore: string): Promise<number> => {
    writeFileSync(join(context, '.dockerignore'), ignore);
    const { context: read } = await bench.build(DOCKERFILE, context, { gitIndex: 'off' });
    return read!.listed;
  };
  // Each twice where the rules are new: for the stamp of what is there, and to be read.
  t.is(await listed('nothing\n'), 2 * 10, 'the root and all nine directories');
  t.is(await listed('big\ndeps\n'), 2 * 2, 'the root and src');
  t.is(await listed('big/\n**/far\n'), 2 * 5, 'and deps with keep and other');
  const excepted = await listed('big\ndeps\n!deps/keep\n');
  // A directory that is only there for what is in it is looked into once to know that, and once to be read.
  t.true(excepted >= 2 * 4 && excepted <= 2 * 4 + 1, `the root, src, deps, keep: ${excepted}`);
});

test("the Dockerfile's own ignore file goes before the context's, which then counts for nothing", async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { a: 'a', b: 'b', '.dockerignore': 'a\n' });
  const build = (file: string) =>
    bench.build(DOCKERFILE, context, {
      dockerfile: { kind: 'given', path: join(bench.path, file), bytes: Buffer.from('FROM scratch\nCOPY a /\n') },
    });
  await t.throwsAsync(build('Dockerfile'), { code: 'COPY_MISSING' });
  writeFileSync(join(bench.path, 'Other.dockerignore'), 'b\n');
  await t.notThrowsAsync(build('Other'));
  await t.throwsAsync(build('Dockerfile'), { code: 'COPY_MISSING' });
});
