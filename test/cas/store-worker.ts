// A process of its own that uses a store: `node store-worker.ts <task> <root> <name> [count]`. It says on stdout, line
// by line, what it has done, so that the test knows what was acknowledged when it kills this process.
import { chmodSync, mkdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { openStore } from '../../src/cas/open-store.ts';
import type { Store } from '../../src/cas/store.ts';
import { systemClock } from '../../src/io/clock.ts';
import { pattern } from '../suites/pattern.ts';

const [task = '', root = '', name = '', count = '0'] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);
const log = { warn: (text: string) => say(`warn ${text}`), debug: () => {} };

const store = await openStore(root, { log, clock: systemClock });
say('open');
const tasks: Record<string, (store: Store) => Promise<void>> = { write, blobs, temp, memory, hold, read };
await tasks[task]!(store);
await store.close();
say('closed');

/** Rows of its own, one row that all write, each read back; `ack <key>` after each. */
async function write({ catalog }: Store): Promise<void> {
  for (let i = 0; i < Number(count); i++) {
    const key = `${name}/${i}`;
    await catalog.write([
      { type: 'put', space: 'record', key, value: Buffer.from(key) },
      { type: 'put', space: 'use', key: 'shared', value: Buffer.from(key) },
    ]);
    say(`ack ${key}`);
    if (`${await catalog.get('record', key)}` !== key) say(`lost ${key}`);
  }
}

/** The same blobs as every other process, by all ways in, each read back. */
async function blobs({ blobs }: Store): Promise<void> {
  for (let i = 0; i < Number(count); i++) {
    const bytes = pattern(1_500_000 + i, 5);
    const { digest } = await blobs.put(bytes);
    const writer = await blobs.writer();
    for (let at = 0; at < bytes.length; at += 100_000) await writer.write(bytes.subarray(at, at + 100_000));
    await writer.commit({ digest });
    if (!(await blobs.read(digest)).equals(bytes)) say('lost');
  }
}

/** A temporary directory with everything that is hard to remove. */
async function temp(store: Store): Promise<void> {
  const { path } = await store.makeTemp('rootfs');
  const writer = await store.blobs.writer();
  await writer.write(pattern(2_000_000));
  const locked = join(path, 'work', 'work');
  mkdirSync(locked, { recursive: true });
  mkdirSync(join(path, 'read-only'));
  writeFileSync(join(path, 'read-only', 'file'), 'x', { mode: 0o400 });
  writeFileSync(Buffer.concat([Buffer.from(`${path}/not utf-8 `), Buffer.from([0xff, 0xfe])]), 'x');
  chmodSync(join(path, 'read-only'), 0o555);
  chmodSync(locked, 0);
  say(`temp ${path}`);
  await setTimeout(600_000);
}

/** A directory in memory, with something in it. */
async function memory(store: Store): Promise<void> {
  const { path } = await store.makeMemoryTemp('secret');
  writeFileSync(join(path, 'secret'), 'x');
  say(`memory ${path}`);
  await setTimeout(600_000);
}

/** Every row of the space `tree`, by both ways. */
async function read({ catalog }: Store): Promise<void> {
  const keys: string[] = [];
  for await (const [key] of catalog.rows('tree')) keys.push(key);
  await catalog.getMany('tree', keys);
  say(`read ${keys.length}`);
}

async function hold(): Promise<void> {
  await setTimeout(600_000);
}
