import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { runImage } from '../../scripts/run-image.ts';
import { startRegistry } from '../support/registry.ts';
import { cliBench } from './support/cli-bench.ts';

const DOCKERFILE = `
ARG BASE
FROM $BASE AS build
WORKDIR /src
COPY words.txt .
RUN tr a-z A-Z <words.txt >loud.txt && printf '#!/bin/sh\\ncat /app/loud.txt; echo "$GREETING, $(id -un)"\\n' >say && chmod 755 say
FROM $BASE AS unused
RUN exit 9
FROM $BASE
ENV GREETING=hello
COPY --from=build --chown=nobody /src/loud.txt /src/say /app/
USER nobody
ENTRYPOINT ["/app/say"]
`;

test('an image goes to a registry, from there through skopeo and umoci, and runs in runc; again does nothing', async (t) => {
  t.timeout(180_000);
  const bench = cliBench(t);
  await using registry = await startRegistry();
  await bench.importBusybox('localhost/busybox:1');
  const context = bench.directory('context', { Dockerfile: DOCKERFILE, 'words.txt': 'the quick fox\n' });
  const name = `${registry.host}/team/app:1`;
  const build = async (digestFile: string) => {
    const args = ['--build-arg', 'BASE=localhost/busybox:1', '-t', name, '--push', '--progress', 'json'];
    const outcome = await bench.varve('build', ...args, '--digest-file', join(bench.path, digestFile), context);
    t.is(outcome.code, 0, outcome.stderr);
    const events = outcome.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; status?: string; text?: string });
    return { events, digest: readFileSync(join(bench.path, digestFile), 'utf8') };
  };
  const ends = (events: { type: string; status?: string }[]) =>
    events.flatMap(({ type, status }) => (type === 'step-end' ? [status] : []));
  const first = await build('first');
  t.deepEqual(ends(first.events), ['done', 'done', 'done', 'done']);
  const again = await build('again');
  t.is(again.digest, first.digest);
  t.true(ends(again.events).every((status) => status === 'hit'));
  t.false(again.events.some(({ type }) => type === 'transfer'));

  const said = await runImage(name, join(bench.path, 'other'));
  t.is(said, 'THE QUICK FOX\nhello, nobody\n');
});

test('COPY layers of one context are the same from two fresh stores', async (t) => {
  const bench = cliBench(t);
  const context = bench.directory('context', {
    Dockerfile: 'FROM scratch\nCOPY . /srv/app/\n',
    'a/b': 'b\n',
    c: 'c\n',
  });
  const layers = [];
  for (const name of ['one', 'two']) {
    const dest = join(bench.path, name);
    const store = join(bench.path, `store-${name}`);
    mkdirSync(store);
    const { code, stderr } = await bench.varve('build', '--store', store, '-o', `type=oci,dest=${dest}`, context);
    t.is(code, 0, stderr);
    const read = (digest: string) =>
      JSON.parse(readFileSync(join(dest, 'blobs/sha256', digest.replace('sha256:', '')), 'utf8'));
    const index = JSON.parse(readFileSync(join(dest, 'index.json'), 'utf8'));
    layers.push(read(index.manifests[0].digest).layers);
  }
  t.deepEqual(layers[1], layers[0]);
});

test('name-canonical=true: FROM finds an image of the store by its digest', async (t) => {
  const bench = cliBench(t);
  const context = bench.directory('context', { Dockerfile: 'FROM scratch\nCOPY a /\n', a: 'a\n' });
  const digestFile = join(bench.path, 'digest');
  const output = 'type=image,name=local.example/a:1,name-canonical=true';
  const built = await bench.varve('build', '--output', output, '--digest-file', digestFile, context);
  t.is(built.code, 0, built.stderr);
  const onto = bench.directory('onto', {
    Dockerfile: `FROM local.example/a@${readFileSync(digestFile, 'utf8').trim()}\nLABEL b=c\n`,
  });
  const next = await bench.varve('build', '-t', 'local.example/b:1', onto);
  t.is(next.code, 0, next.stderr);
});

test('exit codes: a RUN’s own, 1 for a build that failed, 2 for wrong usage; the line is shown', async (t) => {
  const bench = cliBench(t);
  await bench.importBusybox('localhost/busybox:1');
  const build = (dockerfile: string, ...flags: string[]) =>
    bench.varve('build', ...flags, bench.directory('context', { Dockerfile: dockerfile }));
  const failing = await build('FROM localhost/busybox:1\nRUN echo before; exit 42\n');
  t.is(failing.code, 42);
  t.regex(failing.stderr, /Dockerfile:2: process .* exit code: 42/);
  t.regex(failing.stderr, / 2 \| >>> RUN echo before; exit 42/);
  const missing = await build('FROM scratch\nCOPY nothing /\n');
  t.is(missing.code, 1);
  t.regex(missing.stderr, /Dockerfile:2: .*nothing.*not found/);
  t.is((await build('FROM scratch\n', '--no-such-flag')).code, 2);
  t.is((await build('FROM scratch\n', '--output', 'type=nonsense')).code, 2);
  t.deepEqual(bench.leftovers(), { mounts: [], temps: [] });
});
