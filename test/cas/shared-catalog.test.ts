import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Store } from '../../src/cas/store.ts';
import { catalogSuite } from '../suites/catalog.ts';
import { listLog, openTestStore, tempRoot } from './store-fixture.ts';

catalogSuite('LevelDB, owned', async () => {
  const { root, remove } = tempRoot();
  const store = await openTestStore(root);
  const end = async () => {
    await store.close();
    remove();
  };
  return { catalog: store.catalog, end };
});

catalogSuite('LevelDB, by the socket', async () => {
  const { root, remove } = tempRoot();
  const owner = await openTestStore(root);
  const client = await openTestStore(root);
  const end = async () => {
    await client.close();
    await owner.close();
    remove();
  };
  return { catalog: client.catalog, end };
});

catalogSuite('LevelDB, by the socket below a path of 300 bytes', async () => {
  const { root, remove } = tempRoot();
  const deep = join(root, 'x'.repeat(150), 'y'.repeat(150));
  const owner = await openTestStore(deep);
  const client = await openTestStore(deep);
  const end = async () => {
    await client.close();
    await owner.close();
    remove();
  };
  return { catalog: client.catalog, end };
});

const put = (store: Store, key: string, value = key) =>
  store.catalog.write([{ type: 'put', space: 'record', key, value: Buffer.from(value) }]);

test('owner and clients see each other, and rows outlive them all', async (t) => {
  const { root, remove } = tempRoot();
  const stores = await Promise.all([1, 2, 3, 4].map(() => openTestStore(root)));
  await Promise.all(stores.map((store, i) => put(store, `from ${i}`)));
  for (const store of stores) t.is((await rows(store)).length, 4);
  for (const store of stores) await store.close();
  const again = await openTestStore(root);
  t.deepEqual(await rows(again), ['from 0', 'from 1', 'from 2', 'from 3']);
  await again.close();
  t.deepEqual(readdirSync(join(root, 'v1')).sort(), [
    'blobs',
    'catalog',
    'catalog.lock',
    'collect.lock',
    'index.json',
    'layers',
    'mounts',
    'oci-layout',
    'tmp',
  ]);
  remove();
});

test('an owner that closes while its clients ask harms no request', async (t) => {
  const { root, remove } = tempRoot();
  const stores: Store[] = [];
  for (let i = 0; i < 4; i++) stores.push(await openTestStore(root)); // the first owns
  const survivors = stores.slice(1);
  const work = survivors.map(async (store, s) => {
    for (let i = 0; i < 150; i++) {
      await Promise.all([put(store, `${s}/${i}/a`), put(store, `${s}/${i}/b`), store.catalog.get('record', '0/0/a')]);
      if (`${await store.catalog.get('record', `${s}/${i}/a`)}` !== `${s}/${i}/a`) throw new Error('a row is lost');
    }
  });
  await stores[0]!.close();
  await Promise.all(work);
  t.is((await rows(survivors[0]!)).length, 3 * 150 * 2);
  for (const store of survivors) await store.close();
  remove();
});

test('reading rows goes on where it was when the owner goes', async (t) => {
  const { root, remove } = tempRoot();
  const owner = await openTestStore(root);
  const client = await openTestStore(root);
  const keys = Array.from({ length: 2000 }, (_, i) => String(i).padStart(5, '0'));
  await owner.catalog.write(keys.map((key) => ({ type: 'put', space: 'record', key, value: Buffer.alloc(10) })));
  const seen: string[] = [];
  for await (const [key] of client.catalog.rows('record')) {
    seen.push(key);
    if (seen.length === 700) await owner.close();
  }
  t.deepEqual(seen, keys);
  await client.close();
  remove();
});

test('a store that is opened alone asks no one and warns of nothing', async (t) => {
  const { root, remove } = tempRoot();
  const log = listLog();
  const store = await openTestStore(root, log);
  await put(store, 'a');
  await store.close();
  t.deepEqual([log.warnings, log.debugs], [[], []]);
  remove();
});

async function rows(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for await (const [key] of store.catalog.rows('record')) keys.push(key);
  return keys;
}
