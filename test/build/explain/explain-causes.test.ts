import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { explainBuild } from '../../../src/build/explain/explain-build.ts';
import { MOST_BUILDS, sweepHistory } from '../../../src/build/explain/sweep-history.ts';
import { explanationText } from '../../../src/cli/print-explanation.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { buildBench } from '../support/build-bench.ts';
import { cacheBench } from '../support/cache-bench.ts';
import { kinds, type Told, tell } from '../support/told-build.ts';

const textOf = ({ explanation }: Told) => explanationText(explanation);

test('a record that is damaged, a cache that cannot be asked, a record of other files: said as what it is', async (t) => {
  const bench = await cacheBench(t);
  const { base, proxy } = bench;
  const context = bench.directory('context', { a: 'a' });
  // What a secret says is in no key, and here it is in the files.
  const given = `FROM ${base}\nRUN --mount=type=secret,id=s read -r s < /run/secrets/s; echo "$s" > /s\n`;
  const dockerfile = `${given}COPY a /a\n`;
  const options = (store: string, value = 'one\n') => ({
    store,
    insecureRegistry: proxy.host,
    secrets: new Map([['s', { value }]]),
  });
  const cached = (store: string) => ({ ...options(store), cache: bench.options() });
  await bench.build(dockerfile, context, cached('first'));

  proxy.change = (path, body) =>
    path.includes('/cache/manifests/') ? Buffer.from(body.toString().replace('durationMs', 'durationMS')) : body;
  const damaged = await tell(bench, dockerfile, context, cached('damaged'));
  t.deepEqual(kinds(damaged), ['miss  damaged', 'miss  damaged']);
  t.regex(textOf(damaged), /a record is there, but it is damaged/);
  proxy.change = undefined;

  proxy.intervene = (request, response) => {
    if (!request.url?.startsWith('/v2/cache/')) return undefined;
    request.resume();
    response.writeHead(403).end();
    return true;
  };
  const unreachable = await tell(bench, dockerfile, context, cached('unreachable'));
  t.deepEqual(kinds(unreachable), ['miss  unreachable', 'miss  unreachable']);
  t.regex(textOf(unreachable), /a cache could not be asked/);
  proxy.intervene = undefined;

  // This store's first step gave something else: what the cache has of the next one was made on the other.
  await bench.build(given, context, options('other', 'two\n'));
  const other = await tell(bench, dockerfile, context, cached('other'));
  const [first, second] = other.explanation.steps;
  t.is(first?.status, 'hit');
  t.deepEqual(
    second?.causes.map(({ kind }) => kind),
    ['other-parent', 'step'],
  );
  t.regex(textOf(other), /it was made on other files than those that are here now/);
});

test('--no-cache-filter is said of its stage; what reads from it hits where the same came out', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { a: 'a', b: 'b' });
  const dockerfile = 'FROM scratch AS one\nCOPY a /a\nFROM one\nCOPY b /b\n';
  await tell(bench, dockerfile, context);
  const told = await tell(bench, dockerfile, context, { noCacheStages: ['one'] });
  t.deepEqual(kinds(told), ['miss  no-cache-filter', 'hit content-key step']);
  t.regex(textOf(told), /--no-cache-filter: no earlier result of its stage is looked for/);
});

test('a key that another version computed of the same inputs', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { a: 'a' });
  let explained = '';
  const told = await tell(bench, 'FROM scratch\nCOPY a /a\n', context, {
    inspect: async (_, { history }) => {
      const [build] = await history.builds();
      const [step] = build!.steps;
      const old = { ...build!, id: 'old', started: '2020-01-01T00:00:00.000Z' };
      const theirs = digestOf('the same inputs in another form');
      const explanation = await explainBuild(build!, [{ ...old, steps: [{ ...step!, key: theirs }] }], {
        inputs: () => history.inputs(step!.key),
        taken: history.taken,
        sharedBuilds: history.sharedBuilds,
      });
      explained = `${explanation.steps[0]?.causes.map(({ kind }) => kind).join()} ${explanationText(explanation)}`;
    },
  });
  t.deepEqual(kinds(told), ['miss  no-history']);
  t.regex(explained, /^format .*\n.*\n.*\n +all is as it was, but another version of varve computed its key/);
});

test('a stage that hit without being built: its files are those of the last build that knew them', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { a: 'a', b: 'b' });
  const dockerfile = 'FROM scratch AS one\nCOPY a b /d/\nFROM scratch\nCOPY --from=one /d /d\n';
  await tell(bench, dockerfile, context);
  t.deepEqual(kinds(await tell(bench, dockerfile, context)), ['not-run ', 'hit step-key']);
  writeFileSync(join(context, 'a'), 'changed');
  const told = await tell(bench, dockerfile, context);
  t.deepEqual(kinds(told), ['miss  files', 'miss  source']);
  t.regex(textOf(told), /came out different: COPY a b \/d\/\n +1 file with other content: a\n/);
});

test('the history ends: builds by age, and of all names together the newest', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { a: 'a' });
  await tell(bench, 'FROM scratch AS one\nCOPY a /a\nFROM scratch\nCOPY --from=one /a /b\n', context, {
    inspect: async (_, { history, store: { catalog } }) => {
      const rows = async (prefix: string) => {
        let count = 0;
        for await (const _row of catalog.rows('history', prefix)) count++;
        return count;
      };
      const [last] = await history.builds();
      t.deepEqual([await rows('step/'), await rows('taken/')], [2, 1]);
      t.is((await history.taken(last!.steps[1]!.taken![0]!))?.length, 1);
      const add = (i: number, started: string) =>
        history.add({ ...last!, id: `${i}`, name: `name ${i}`, started, steps: last!.steps.slice(0, 1) }, new Map());
      for (let i = 0; i <= MOST_BUILDS; i++) await add(i, new Date(Date.parse('2100-01-01') + i).toISOString());
      await sweepHistory(catalog);
      const kept = await history.builds();
      t.deepEqual([kept.length, kept[0]?.name, kept.at(-1)?.name], [MOST_BUILDS, `name ${MOST_BUILDS}`, 'name 1']);
      // The build itself went, and with it what only it knew.
      t.deepEqual([await rows('step/'), await rows('taken/')], [1, 0]);
      await sweepHistory(catalog, { before: new Date(Date.parse('2100-01-01') + MOST_BUILDS - 1).toISOString() });
      t.deepEqual(
        (await history.builds()).map(({ name }) => name),
        [`name ${MOST_BUILDS}`, `name ${MOST_BUILDS - 1}`],
      );
      await sweepHistory(catalog, { before: '2200-01-01' });
      t.deepEqual([await rows('build/'), await rows('step/'), await rows('lines/')], [0, 0, 0]);
    },
  });
});
