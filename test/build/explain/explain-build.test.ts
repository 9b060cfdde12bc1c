import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readText } from '../../../src/build/explain/history-lines.ts';
import { prometheusText } from '../../../src/build/explain/prometheus-text.ts';
import { KEPT_BUILDS, sweepHistory } from '../../../src/build/explain/sweep-history.ts';
import { buildsText, explanationText } from '../../../src/cli/print-explanation.ts';
import { createRecordSigner } from '../../../src/registry/record-signer.ts';
import { buildBench } from '../support/build-bench.ts';
import { cacheBench } from '../support/cache-bench.ts';
import { kinds, tell } from '../support/told-build.ts';

test('a comment that compiles to the same binary, a stage that installs the same again: what follows hits, and why', async (t) => {
  const bench = buildBench(t);
  const busybox = readFileSync('/usr/bin/busybox');
  const context = bench.directory('context', { busybox, 'main.c': 'int main;\n', end: 'end' });
  const compile = 'while read -r line; do case $line in //*) ;; *) echo "$line" ;; esac; done < /main.c > /app';
  const dockerfile = `FROM scratch AS sh
COPY --chmod=755 busybox /bin/sh
FROM sh AS tools
ARG REFRESH
RUN echo package 1.0 > /packages
FROM sh AS build
COPY main.c /
RUN ${compile}
FROM scratch
COPY --from=tools /packages /packages
COPY --from=build /app /bin/
COPY end /end
`;
  const build = (day: string) => tell(bench, dockerfile, context, { buildArgs: new Map([['REFRESH', day]]) });
  await build('monday');
  writeFileSync(join(context, 'main.c'), '// a comment\nint main;\n');
  t.deepEqual(kinds(await build('tuesday')), [
    'hit step-key',
    'miss  argument',
    'miss  files',
    'miss  step',
    'hit content-key source',
    'hit content-key source',
    'hit content-key',
  ]);
});

test('an instruction that is new is not taken for the one that stood there; those after it name it', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { a: 'a', b: 'b', c: 'c' });
  await tell(bench, 'FROM scratch\nCOPY a /a\nCOPY c /dir/c\n', context);
  const told = await tell(
    bench,
    'FROM scratch\nCOPY a /a\nCOPY --chown=3 --chmod=700 b /else/where/\nCOPY c /dir/c\n',
    context,
  );
  t.deepEqual(kinds(told), ['hit step-key', 'miss  new', 'miss  step']);
  t.is(told.explanation.steps[2]!.compared?.step, '0.2');
});

test('--no-cache, and a record whose layer is gone, are said', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { a: 'a' });
  const dockerfile = 'FROM scratch\nCOPY a /a\n';
  await tell(bench, dockerfile, context);
  t.deepEqual(kinds(await tell(bench, dockerfile, context, { useCache: false })), ['miss  no-cache']);
  const gone = await tell(bench, dockerfile, context, {
    with: ({ store }) => ({ store: { ...store, blobs: { ...store.blobs, has: async () => false } } }),
  });
  t.deepEqual(kinds(gone), ['miss  layer-gone']);
  const forgotten = await tell(bench, dockerfile, context, {
    with: ({ records }) => ({ records: { ...records, steps: async (keys) => keys.map(() => undefined) } }),
  });
  t.deepEqual(kinds(forgotten), ['miss  record-gone']);
});

test('nothing that looks like a secret is in the history, and that it changed is told', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { a: 'a' });
  const dockerfile = 'FROM scratch\nARG API_TOKEN\nCOPY <<EOF /npmrc\ntoken=$API_TOKEN\nEOF\nENV API_TOKEN=third\n';
  const rows: string[] = [];
  const build = (value: string) =>
    tell(bench, dockerfile, context, {
      buildArgs: new Map([['API_TOKEN', value]]),
      inspect: async (_, { store }) => {
        for await (const [key, row] of store.catalog.rows('history'))
          rows.push(key, row.toString(), readText(row) ?? '');
      },
    });
  await build('first-secret-value');
  const told = await build('second-secret-value');
  t.true(rows.some((row) => row.includes('token=[hidden ')));
  t.false(rows.some((row) => /(first|second)-secret-value/.test(row)));
  t.deepEqual(kinds(told), ['miss  heredoc']);
  t.regex(JSON.stringify(told), /-token=\[hidden [0-9a-f]{12}\]\\n\+token=\[hidden [0-9a-f]{12}\]/);
});

test('secrets in mixed case, in URLs, in values that came to be, in names of files: nowhere in clear', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { 'hunter2-dir/a': 'a' });
  const SECRETS = [
    'hunter2',
    'Zm9vYmFy',
    's3cr&t/x',
    'gone-before',
    'in-userinfo',
    'in-a-query',
    'glpat-1234',
    'camel-case',
  ];
  const dockerfile = `ARG registryToken=global-value
FROM scratch AS a-stage
ARG Npm_Token
ARG dbPassword
ARG GITLAB_PAT
ARG githubToken=camel-case
ARG PGPASSWORD
ARG REPO=https://user:in-userinfo@127.0.0.1/x?sig=in-a-query
ARG USE_AUTH=true
ENV API_KEY=gone-before
COPY <<EOF /npmrc
_authToken=$Npm_Token $githubToken $dbPassword $PGPASSWORD $GITLAB_PAT $REPO in-userinfo true
EOF
COPY <<EOF /key
$API_KEY
EOF
ENV API_KEY=replaced-later
COPY $Npm_Token-dir /$Npm_Token/
WORKDIR /w/$dbPassword
`;
  const rows: string[] = [];
  const build = (password: string) =>
    tell(bench, dockerfile, context, {
      buildArgs: new Map([
        ['Npm_Token', 'hunter2'],
        ['dbPassword', 's3cr&t/x'],
        ['GITLAB_PAT', 'glpat-1234'],
        ['PGPASSWORD', password],
      ]),
      inspect: async (_, { store }) => {
        for (const space of ['history', 'record'] as const)
          for await (const [key, row] of store.catalog.rows(space)) rows.push(key, row.toString(), readText(row) ?? '');
      },
    });
  await build('Zm9vYmFy');
  const told = await build('another-Zm9vYmFy');
  const shown = [
    JSON.stringify(told),
    prometheusText(told.metrics),
    explanationText(told.explanation),
    buildsText([told.record]),
  ];
  for (const secret of [...SECRETS, encodeURIComponent('s3cr&t/x')])
    t.deepEqual(
      [...rows, ...shown].filter((text) => text.includes(secret)),
      [],
      secret,
    );
  // A switch's value hides no other words.
  t.true(rows.some((row) => row.includes('] true')));
  t.is(kinds(told)[0], 'miss  heredoc');
});

test('the last builds of a name are kept, with their inputs; a list of files shares what did not change', async (t) => {
  const bench = buildBench(t);
  const files = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`d/f${i}`, `${i}`]));
  const context = bench.directory('context', files);
  const dockerfile = 'FROM scratch\nCOPY d /d\n';
  const pieces: number[] = [];
  for (let i = 0; i < 2; i++) {
    writeFileSync(join(context, 'd/f77'), `changed ${i}`);
    await tell(bench, dockerfile, context, {
      inspect: async (_, { store }) => {
        let count = 0;
        for await (const _row of store.catalog.rows('history', 'lines/')) count++;
        pieces.push(count);
      },
    });
  }
  t.true(pieces[0]! > 10, String(pieces));
  t.true(pieces[1]! - pieces[0]! <= 2, String(pieces));

  await bench.build(dockerfile, context, {
    inspect: async (_, { history, store }) => {
      const [last] = await history.builds();
      const steps = last!.steps.slice(0, 1);
      for (let i = 0; i < KEPT_BUILDS; i++)
        await history.add({ ...last!, id: `${i}`, started: `2100-01-${10 + i}T00:00:00.000Z`, steps }, new Map());
      t.true((await sweepHistory(store.catalog)) >= 3);
      const kept = await history.builds();
      t.is(kept.length, KEPT_BUILDS);
      t.truthy(await history.inputs(steps[0]!.key));
      t.is((await history.inputs(steps[0]!.key))?.filter(([name]) => name === 'file').length, 3001);
    },
  });
});

test('a fresh store with a warm cache: hits say from where, a miss what changed since another machine’s build; requests are on the steps’ account', async (t) => {
  const bench = await cacheBench(t);
  const context = bench.directory('context', { a: 'a', b: 'b' });
  const dockerfile = `FROM ${bench.base}\nCOPY a /a\nCOPY b /b\n`;
  const insecure = { insecureRegistry: bench.proxy.host };
  await bench.cached(dockerfile, context, insecure);
  writeFileSync(join(context, 'b'), 'changed');
  bench.proxy.clear();
  const told = await tell(bench, dockerfile, context, { ...insecure, store: 'fresh', cache: bench.options() });
  t.deepEqual(kinds(told), ['hit step-key', 'miss  files']);
  t.is(told.explanation.steps[1]!.compared?.from, `${bench.proxy.host}/cache`);
  t.is(told.explanation.steps[0]!.from, `${bench.proxy.host}/cache`);
  t.is(told.metrics.steps[0]!.requests.spent, 2);
  t.is(told.metrics.total.hitsFrom[`${bench.proxy.host}/cache`], 1);

  const young = await tell(bench, dockerfile, context, {
    ...insecure,
    store: 'third',
    cache: bench.options({ ttlMs: 0 }),
  });
  t.deepEqual(kinds(young), ['miss  too-old', 'miss  too-old']);

  const signer = createRecordSigner(Buffer.from('a secret of some length'));
  const signed = await tell(bench, dockerfile, context, {
    ...insecure,
    store: 'fourth',
    cache: { from: [bench.place], signer },
  });
  t.deepEqual(kinds(signed), ['miss  wrong-signature', 'miss  wrong-signature']);
});
