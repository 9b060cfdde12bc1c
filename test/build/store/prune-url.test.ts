import { join } from 'node:path';
import test from 'ava';
import type { PrunePolicy } from '../../../src/build/store/prune-choice.ts';
import { pruneStore } from '../../../src/build/store/prune-store.ts';
import { createStoreServices } from '../../../src/build/store/store-services.ts';
import { verifyStore } from '../../../src/build/store/verify-store.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { silentLog } from '../../../src/io/log.ts';
import { digestHex, digestOf } from '../../../src/oci/digest.ts';
import { serveFiles } from '../../support/http-files.ts';
import { buildBench } from '../support/build-bench.ts';

const BODY = 'what the URL gives\n'.repeat(100);

test('what a URL gave stays while a row names it, goes by policy, and is sent again then', async (t) => {
  await using server = await serveFiles({ '/file': { body: BODY, etag: '"1"' } });
  const bench = buildBench(t);
  const context = bench.directory('context', {});
  const statuses = async (dest: string): Promise<number[]> => {
    const before = server.requests.length;
    await bench.build(`FROM scratch\nADD ${server.url}/file ${dest}\n`, context);
    return server.requests.slice(before).map(({ status }) => status);
  };
  const open = () =>
    createStoreServices({
      store: join(bench.path, 'store'),
      host: { arch: process.arch },
      log: silentLog,
      clock: systemClock,
      signal: new AbortController().signal,
    });
  const name = digestHex(digestOf(BODY));
  const prune = async (policy: PrunePolicy): Promise<string[]> => {
    await using services = await open();
    const { removed } = await pruneStore(services, policy, { dryRun: false });
    return removed.filter(({ object }) => object.name === name).map(({ reason }) => reason);
  };

  t.true((await statuses('/a')).includes(200));
  t.deepEqual(await prune({ all: false }), []);
  t.false((await statuses('/b')).includes(200), 'asked whether it changed, not sent');

  t.deepEqual(await prune({ all: false, maxBytes: 0 }), ['size']);
  t.true((await statuses('/c')).includes(200));
  await using services = await open();
  const { damages, checked } = await verifyStore(services, { repair: false });
  t.deepEqual(damages, []);
  t.true(checked.blob > 0);
});

test('--all takes what is known of git blobs', async (t) => {
  const bench = buildBench(t);
  await bench.build('FROM scratch\n', bench.directory('context', {}));
  await using services = await createStoreServices({
    store: join(bench.path, 'store'),
    host: { arch: process.arch },
    log: silentLog,
    clock: systemClock,
    signal: new AbortController().signal,
  });
  const { catalog } = services.store;
  await catalog.write([{ type: 'put', space: 'git', key: 'sha1/abc', value: Buffer.from([1]) }]);
  await pruneStore(services, { all: true, maxBytes: 0 }, { dryRun: false });
  t.truthy(await catalog.get('git', 'sha1/abc'), 'a limit is about bytes');
  const { rows } = await pruneStore(services, { all: true }, { dryRun: false });
  t.is(rows.git, 1);
  t.is(await catalog.get('git', 'sha1/abc'), undefined);
});
