import { readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { digestOf } from '../../src/oci/digest.ts';
import { listLog, openTestStore, tempRoot } from './store-fixture.ts';

test('a new store is an OCI image layout that only its user may enter', async (t) => {
  const { root, remove } = tempRoot();
  const store = await openTestStore(join(root, 'a', 'b'));
  t.is(store.path, join(root, 'a', 'b', 'v1'));
  t.deepEqual(JSON.parse(readFileSync(join(store.path, 'oci-layout'), 'utf8')), { imageLayoutVersion: '1.0.0' });
  t.deepEqual(JSON.parse(readFileSync(join(store.path, 'index.json'), 'utf8')), {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [],
  });
  t.is(statSync(store.path).mode & 0o777, 0o700);
  await store.close();
  remove();
});

test('what is there stays, and what is absent is made', async (t) => {
  const { root, remove } = tempRoot();
  await (await openTestStore(root)).close();
  writeFileSync(join(root, 'v1', 'index.json'), '{"mine":true}');
  for (const name of ['oci-layout', 'layers', 'tmp', 'blobs']) rmSync(join(root, 'v1', name), { recursive: true });
  const log = listLog();
  const store = await openTestStore(root, log);
  const { digest } = await store.blobs.put(Buffer.from('x'));
  t.true(await store.blobs.has(digest));
  t.is(readFileSync(join(root, 'v1', 'index.json'), 'utf8'), '{"mine":true}');
  t.true(statSync(join(root, 'v1', 'oci-layout')).isFile());
  t.deepEqual([log.warnings, log.debugs], [[], []]);
  await store.close();
  remove();
});

test('layers lie under their hex digits', async (t) => {
  const { root, remove } = tempRoot();
  const store = await openTestStore(root);
  const digest = digestOf('layer');
  t.is(store.layerPath(digest), join(store.path, 'layers', digest.slice(7)));
  t.throws(() => store.layerPath('../../etc'), { code: 'DIGEST_INVALID' });
  await store.close();
  remove();
});

test('a store by a symlink is the same store', async (t) => {
  const { root, remove } = tempRoot();
  const store = await openTestStore(join(root, 'real'));
  symlinkSync('real', join(root, 'link'));
  const other = await openTestStore(join(root, 'link'));
  t.is(other.path, store.path);
  await store.catalog.write([{ type: 'put', space: 'use', key: 'k', value: Buffer.from('v') }]);
  t.is(`${await other.catalog.get('use', 'k')}`, 'v');
  await other.close();
  await store.close();
  remove();
});

test('a store that cannot be made is refused with its name', async (t) => {
  const { root, remove } = tempRoot();
  writeFileSync(join(root, 'file'), '');
  const error = await t.throwsAsync(openTestStore(join(root, 'file', 'store')), { code: 'STORE_OPEN' });
  t.true(error.message.includes(join(root, 'file', 'store')));
  writeFileSync(join(root, 'v1'), '');
  await t.throwsAsync(openTestStore(root), { code: 'STORE_OPEN' });
  remove();
});
