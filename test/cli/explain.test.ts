import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Explanation } from '../../src/build/explain/explain-build.ts';
import { metricsSchema } from '../../src/build/explain/metrics.ts';
import { withExplainFormat } from '../../src/cli/explain-format.ts';
import { cliBench } from './support/cli-bench.ts';

test('--explain and --metrics-file tell of a build, varve explain of it afterwards; a build that fails is told of, too', async (t) => {
  t.timeout(180_000);
  const bench = cliBench(t);
  const dockerfile = 'FROM scratch\nCOPY a /a\nCOPY b /b\n';
  const context = bench.directory('context', { Dockerfile: dockerfile, a: 'a', b: 'b' });
  const metricsFile = join(bench.path, 'metrics.json');
  const first = await bench.varve('build', '--explain', context);
  t.is(first.code, 0, first.stderr);
  t.is(first.stdout.match(/no earlier build is known, neither in this store nor by a cache/g)?.length, 2);

  writeFileSync(join(context, 'b'), 'changed');
  const second = await bench.varve('build', '--explain=json', '--metrics-file', metricsFile, context);
  const said = JSON.parse(second.stdout) as Explanation;
  t.deepEqual(
    said.steps.map(({ status, causes }) => [status, causes.map(({ kind }) => kind)]),
    [
      ['hit', []],
      ['miss', ['files']],
    ],
  );
  const metrics = metricsSchema.parse(JSON.parse(readFileSync(metricsFile, 'utf8')));
  t.is(metrics.build, said.id);
  t.like(metrics.total, { steps: 2, hits: 1, misses: 1, hitsFrom: { store: 1 }, reasons: { files: 1 } });
  t.true(metrics.total.bytes.saved > 0 && metrics.total.bytes.made > 0);
  t.is(metrics.total.requests.spent, 0);

  const after = await bench.varve('explain', said.id.slice(0, 6));
  t.regex(after.stdout, /miss: cost .*\n {4}1 file with other content: b\n/);
  t.is((await bench.varve('explain', '--format', 'json')).stdout, second.stdout);
  const listed = await bench.varve('explain', '--list');
  t.is(listed.stdout.split('\n').length, 4);

  const prom = join(bench.path, 'metrics.prom');
  writeFileSync(join(context, 'Dockerfile'), `${dockerfile}RUN ["/nothing"]\n`);
  const failed = await bench.varve('build', '--explain', '--metrics-file', prom, context);
  t.not(failed.code, 0);
  t.regex(failed.stdout, /miss, and it failed\n {4}nothing like it is known to have been built/);
  const text = readFileSync(prom, 'utf8');
  t.regex(text, /^varve_build_success\{name="context",dockerfile="Dockerfile",target="default"\} 0$/m);
  t.regex(text, /^varve_build_steps\{.*status="hit"\} 2$/m);
  t.true(text.split('\n').every((line) => /^(# (HELP|TYPE) varve_\w+ .+|varve_\w+\{.*\} [\d.e+-]+|)$/.test(line)));
});

test('flags of reports that cannot be honoured are refused, and builds that are not known', async (t) => {
  const bench = cliBench(t);
  const context = bench.directory('context', { Dockerfile: 'FROM scratch\nCOPY a /a\n', a: 'a' });
  for (const [args, message] of [
    [['build', '--explain', '-o', '-', context], /--output - and --explain both write to standard output/],
    [['build', '--metrics-format', 'json', context], /--metrics-format needs a --metrics-file/],
    [['build', '--explain=yaml', context], /--explain/],
    [['explain', 'abc'], /the store knows of no build/],
    [['explain', '--list', 'abc'], /takes no build/],
  ] as const) {
    const { code, stderr } = await bench.varve(...args);
    t.not(code, 0);
    t.regex(stderr, message);
  }
});

test('--explain leaves the word after it alone, and words after -- as they are', (t) => {
  t.deepEqual(withExplainFormat(['build', '--explain', '.']), ['build', '--explain=text', '.']);
  t.deepEqual(withExplainFormat(['build', '--explain=json', '--', '--explain']), [
    'build',
    '--explain=json',
    '--',
    '--explain',
  ]);
});
