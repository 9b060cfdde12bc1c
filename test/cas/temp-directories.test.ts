import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { notRun } from '../support/not-run.ts';
import { listLog, openTestStore, tempRoot } from './store-fixture.ts';
import { startWorker } from './worker-fixture.ts';

const tempOf = async (worker: ReturnType<typeof startWorker>) => (await worker.line('temp ')).slice('temp '.length);

test('what a killed process left is removed by the next one, and the living keep theirs', async (t) => {
  const { root, remove } = tempRoot();
  const dead = startWorker('temp', root);
  const alive = startWorker('temp', root);
  const deadPath = await tempOf(dead);
  const alivePath = await tempOf(alive);
  const mine = await openTestStore(root);
  const myTemp = await mine.makeTemp('mine');
  await dead.kill();
  t.true(existsSync(deadPath));

  const log = listLog();
  const next = await openTestStore(root, log);
  await next.close();
  t.false(existsSync(deadPath));
  t.true(existsSync(join(alivePath, 'read-only', 'file')));
  t.true(existsSync(myTemp.path));
  t.deepEqual([log.warnings, log.debugs], [[], []]);
  t.is(readdirSync(join(root, 'v1/tmp')).length, 4, 'a lock and a directory of each living process');

  await alive.kill();
  await mine.close();
  const last = await openTestStore(root);
  await last.close();
  t.deepEqual(readdirSync(join(root, 'v1/tmp')), []);
  remove();
});

test('what is in memory is private, and goes with its process', async (t) => {
  const { root, remove } = tempRoot();
  const worker = startWorker('memory', root);
  const left = (await worker.line('memory ')).slice('memory '.length);
  const mine = await openTestStore(root);
  const own = await mine.makeMemoryTemp('secret');
  const removed = await mine.makeMemoryTemp('secret');
  t.is(statSync(own.path).mode & 0o7777, 0o700);
  await removed.remove();
  t.false(existsSync(removed.path));
  await worker.kill();
  t.true(existsSync(join(left, 'secret')));
  // Another store's processes don't touch it.
  const stranger = tempRoot();
  await (await openTestStore(stranger.root)).close();
  stranger.remove();
  t.true(existsSync(left));
  const next = await openTestStore(root);
  await next.close();
  t.false(existsSync(left));
  t.true(existsSync(own.path));
  await mine.close();
  t.false(existsSync(own.path));
  t.deepEqual(readdirSync(join(root, 'v1/tmp')), []);
  remove();
});

test('several processes clean at once', async (t) => {
  const { root, remove } = tempRoot();
  const dead = await Promise.all(
    [1, 2, 3].map(async () => {
      const worker = startWorker('temp', root);
      await tempOf(worker);
      return worker;
    }),
  );
  await Promise.all(dead.map((worker) => worker.kill()));
  const log = listLog();
  const stores = await Promise.all([1, 2, 3, 4].map(() => openTestStore(root, log)));
  await Promise.all(stores.map((store) => store.close()));
  t.deepEqual(readdirSync(join(root, 'v1/tmp')), []);
  t.deepEqual([log.warnings, log.debugs], [[], []]);
  remove();
});

test('directories are empty and different, and go by remove() or close()', async (t) => {
  const { root, remove } = tempRoot();
  const store = await openTestStore(root);
  const [a, b] = [await store.makeTemp('layer'), await store.makeTemp('layer')];
  t.not(a.path, b.path);
  t.deepEqual(readdirSync(a.path), []);
  writeFileSync(join(a.path, 'file'), '');
  await a.remove();
  t.false(existsSync(a.path));
  await a.remove();
  t.true(existsSync(b.path));
  await t.throwsAsync(store.makeTemp('../escape'), { message: /label/ });
  await store.close();
  t.deepEqual(readdirSync(join(root, 'v1/tmp')), []);
  remove();
});

test('a bind mount that a dead process left is detached, not emptied', async (t) => {
  const { root, remove } = tempRoot();
  const precious = join(root, 'precious dir');
  mkdirSync(precious);
  writeFileSync(join(precious, 'file'), 'keep');
  const worker = startWorker('temp', root);
  const path = await tempOf(worker);
  const point = join(path, 'mount point');
  mkdirSync(point);
  await worker.kill();
  try {
    execFileSync('mount', ['--bind', precious, point], { stdio: 'pipe' });
  } catch (error) {
    notRun(t, `cannot mount here: ${(error as Error).message}`);
    remove();
    return;
  }
  const store = await openTestStore(root);
  await store.close();
  t.is(readFileSync(join(precious, 'file'), 'utf8'), 'keep');
  t.false(existsSync(dirname(path)));
  t.false(readFileSync('/proc/self/mountinfo', 'utf8').includes(root));
  remove();
});

test('a released directory goes while the process lives, and with close() at the latest', async (t) => {
  const { root, remove } = tempRoot();
  const store = await openTestStore(root);
  const [early, late] = [await store.makeTemp('early'), await store.makeTemp('late')];
  writeFileSync(join(early.path, 'file'), '');
  early.release();
  t.true(existsSync(early.path), 'not at once: what comes next begins first');
  while (existsSync(early.path)) await setTimeout(5);
  late.release();
  t.true(existsSync(late.path));
  await store.close();
  t.deepEqual(readdirSync(join(root, 'v1/tmp')), []);
  remove();
});
