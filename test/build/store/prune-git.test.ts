import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { pruneStore } from '../../../src/build/store/prune-store.ts';
import { createStoreServices } from '../../../src/build/store/store-services.ts';
import { storeUsage } from '../../../src/build/store/store-usage.ts';
import { parseGitReference } from '../../../src/context/git-reference.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { silentLog } from '../../../src/io/log.ts';
import { makeGitRepository, startGitServer } from '../../support/git-server.ts';
import { buildBench } from '../support/build-bench.ts';

test('repositories of git sources count in the store, stay while a build needs them, and are pruned', async (t) => {
  await using server = await startGitServer();
  makeGitRepository(server.directory, 'app.git').commit({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
  const bench = buildBench(t);
  const mirrors = join(bench.path, 'store/v1/git');
  const store = async () =>
    createStoreServices({
      store: join(bench.path, 'store'),
      host: { arch: process.arch },
      log: silentLog,
      clock: systemClock,
      signal: new AbortController().signal,
    });
  const all = { all: true };
  await bench.build(
    '',
    { kind: 'git', reference: parseGitReference(`${server.url}/app.git`)! },
    {
      dockerfile: { kind: 'context' },
      async inspect() {
        await using services = await store();
        const { held } = await pruneStore(services, all, { dryRun: false });
        t.true(existsSync(mirrors) && readdirSync(mirrors).length > 0);
        t.false(
          held.some(({ object }) => object.kind === 'git'),
          'not even chosen',
        );
      },
    },
  );
  await using services = await store();
  const { git } = await storeUsage(services);
  t.is(git.count, 1);
  t.true(git.bytes > 0);
  t.is(git.reclaimable, git.bytes);
  await pruneStore(services, all, { dryRun: false });
  t.deepEqual(readdirSync(mirrors), []);
});
