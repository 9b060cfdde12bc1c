import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { tryFileLock } from '../../src/cas/file-lock.ts';
import { loadKernelCalls } from '../../src/cas/kernel-calls.ts';
import { openSharedEngine } from '../../src/cas/shared-engine.ts';
import { systemClock } from '../../src/io/clock.ts';
import { listLog, tempRoot } from './store-fixture.ts';

const kernel = loadKernelCalls();
const row = { key: 'use!k', value: Buffer.from('v') };

test('an owner that nobody can reach, as on another machine: this process goes on without, and says so', async (t) => {
  const { root, remove } = tempRoot();
  const lock = tryFileLock(join(root, 'catalog.lock'), kernel)!;
  const log = listLog();
  const engine = await openSharedEngine({ directory: root, log, clock: systemClock, kernel, patience: 100 });
  await engine.write([row]);
  t.deepEqual(await engine.getMany(['use!k']), [row.value]);
  t.is(log.warnings.length, 1);
  t.regex(log.warnings[0]!, /cannot be reached/);
  await engine.close();
  lock.release();
  remove();
});

test('an owner that comes within reach in time is used', async (t) => {
  const { root, remove } = tempRoot();
  const lock = tryFileLock(join(root, 'catalog.lock'), kernel)!;
  const log = listLog();
  const opening = openSharedEngine({ directory: root, log, clock: systemClock, kernel });
  await new Promise((resolve) => setTimeout(resolve, 50));
  lock.release();
  const engine = await opening;
  await engine.write([row]);
  await engine.close();
  const again = await openSharedEngine({ directory: root, log, clock: systemClock, kernel });
  t.deepEqual(await again.getMany(['use!k']), [row.value]);
  t.deepEqual(log.warnings, []);
  await again.close();
  remove();
});

test('an owner of another version: this process goes on without, and says so', async (t) => {
  const { root, remove } = tempRoot();
  const lock = tryFileLock(join(root, 'catalog.lock'), kernel)!;
  const hello = Buffer.from('\x0f\0\0\0varve catalog 9');
  const server = createServer((socket) => socket.on('error', () => {}).write(hello));
  await new Promise<void>((resolve) => server.listen(join(root, 'catalog.sock'), resolve));
  const log = listLog();
  const engine = await openSharedEngine({ directory: root, log, clock: systemClock, kernel });
  t.regex(log.warnings.join(), /another version.*varve catalog 9/);
  t.deepEqual(await engine.getMany(['use!k']), [undefined]);
  await engine.close();
  server.close();
  lock.release();
  remove();
});

test('one file, one lock, and a lock on a file that is gone is none', (t) => {
  const { root, remove } = tempRoot();
  const path = join(root, 'lock');
  const first = tryFileLock(path, kernel);
  t.truthy(first);
  t.is(tryFileLock(path, kernel), undefined);
  first!.release();
  first!.release();
  const second = tryFileLock(path, kernel);
  t.truthy(second);
  second!.release();
  remove();
});
