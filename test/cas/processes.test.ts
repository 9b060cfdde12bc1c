import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { digestOf } from '../../src/oci/digest.ts';
import { pattern } from '../suites/pattern.ts';
import { listLog, openTestStore, tempRoot } from './store-fixture.ts';
import { ownerOf, startWorker, type Worker } from './worker-fixture.ts';

test.serial('8 processes write the same blobs', async (t) => {
  const { root, remove } = tempRoot();
  const workers = Array.from({ length: 8 }, () => startWorker('blobs', root, '', 3));
  for (const worker of workers) {
    t.deepEqual(await worker.ended, [0, null]);
    t.deepEqual(worker.lines, ['open', 'closed']);
  }
  const store = await openTestStore(root);
  t.is(readdirSync(join(root, 'v1/blobs/sha256')).length, 3);
  for (let i = 0; i < 3; i++) {
    const bytes = pattern(1_500_000 + i, 5);
    t.true((await store.blobs.read(digestOf(bytes))).equals(bytes));
  }
  await store.close();
  t.deepEqual(readdirSync(join(root, 'v1/tmp')), []);
  remove();
});

test.serial('8 processes write the same row and rows of their own', async (t) => {
  const { root, remove } = tempRoot();
  const workers = Array.from({ length: 8 }, (_, i) => startWorker('write', root, `p${i}`, 100));
  for (const worker of workers) {
    t.deepEqual(await worker.ended, [0, null]);
    t.deepEqual(
      worker.lines.filter((line) => !line.startsWith('ack')),
      ['open', 'closed'],
    );
  }
  const store = await openTestStore(root);
  const seen = new Set<string>();
  for await (const [key, value] of store.catalog.rows('record')) if (`${value}` === key) seen.add(key);
  t.is(seen.size, 800);
  t.true(seen.has(`${await store.catalog.get('use', 'shared')}`));
  await store.close();
  remove();
});

test.serial('kill -9 of the owner at any moment: the others finish, and what was acknowledged is there', async (t) => {
  const { root, remove } = tempRoot();
  const workers = Array.from({ length: 5 }, (_, i) => startWorker('write', root, `p${i}`, 1500));
  await Promise.all(workers.map((worker) => worker.line('ack')));
  const killed = new Set<Worker>();
  for (let round = 0; round < 6; round++) {
    await setTimeout(Math.random() * 120);
    const owner = workers.find((worker) => worker.child.pid === ownerOf(root));
    if (!owner) continue; // between two owners
    if (owner.child.kill('SIGKILL')) killed.add(owner);
    workers.push(startWorker('write', root, `r${round}`, 300));
  }
  for (const worker of workers) {
    const [code, signal] = await worker.ended;
    if (signal === null) {
      t.is(code, 0);
      t.deepEqual(
        worker.lines.filter((line) => !line.startsWith('ack')),
        ['open', 'closed'],
      );
    } else t.true(killed.has(worker));
  }
  t.log(`${killed.size} owners killed`);
  t.true(killed.size > 0);

  const log = listLog();
  const store = await openTestStore(root, log);
  const acknowledged = workers.flatMap((worker) => worker.lines.flatMap((line) => line.match(/^ack (.*)/)?.[1] ?? []));
  const values = await store.catalog.getMany('record', acknowledged);
  t.deepEqual(
    acknowledged.filter((key, i) => `${values[i]}` !== key),
    [],
  );
  t.deepEqual(log.warnings, []);
  await store.close();
  t.deepEqual(readdirSync(join(root, 'v1/tmp')), []);
  remove();
});

test.serial('a stopped owner stalls the others, who go on when it goes on, or when it dies', async (t) => {
  const { root, remove } = tempRoot();
  const owner = startWorker('hold', root);
  await owner.line('open');
  const client = await openTestStore(root);
  t.is(ownerOf(root), owner.child.pid);
  const put = (key: string) => client.catalog.write([{ type: 'put', space: 'record', key, value: Buffer.from(key) }]);

  owner.child.kill('SIGSTOP');
  let done = false;
  const first = put('a').then(() => {
    done = true;
  });
  await setTimeout(200);
  t.false(done);
  owner.child.kill('SIGCONT');
  await first;

  owner.child.kill('SIGSTOP');
  const second = put('b');
  const late = openTestStore(root);
  await setTimeout(100);
  await owner.kill();
  await second;
  const newcomer = await late;
  t.is(`${await newcomer.catalog.get('record', 'a')}`, 'a');
  t.is(`${await newcomer.catalog.get('record', 'b')}`, 'b');
  await newcomer.close();
  await client.close();
  remove();
});
