import { buffer } from 'node:stream/consumers';
import test from 'ava';
import type { BlobStore } from '../../src/cas/blob-store.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { pattern } from './pattern.ts';

/** What every BlobStore does. @param make a new empty store and how to end it */
export function blobStoreSuite(name: string, make: () => Promise<{ store: BlobStore; end(): Promise<void> }>): void {
  const withStore = (title: string, body: (t: import('ava').ExecutionContext, store: BlobStore) => Promise<void>) =>
    test(`${name}: ${title}`, async (t) => {
      const { store, end } = await make();
      try {
        await body(t, store);
      } finally {
        await end();
      }
    });

  withStore('bytes come back under their digest', async (t, store) => {
    const bytes = pattern(3_000_001);
    const stored = await store.put(bytes);
    t.deepEqual(stored, { digest: digestOf(bytes), size: bytes.length });
    t.true(await store.has(stored.digest));
    t.is(await store.size(stored.digest), bytes.length);
    t.true((await store.read(stored.digest)).equals(bytes));
    t.true((await buffer(store.open(stored.digest))).equals(bytes));
  });

  withStore('an empty blob is a blob', async (t, store) => {
    for (const { digest, size } of [await store.put(Buffer.alloc(0)), await (await store.writer()).commit()]) {
      t.is(size, 0);
      t.is((await store.read(digest)).length, 0);
      t.is((await buffer(store.open(digest))).length, 0);
    }
  });

  withStore('a range gives its bytes only', async (t, store) => {
    const bytes = pattern(1_000_000);
    const { digest } = await store.put(bytes);
    for (const [start, length] of [
      [0, 1],
      [999_999, 1],
      [123_456, 654_321],
      [0, 1_000_000],
      [5, 0],
    ] as const) {
      const part = await buffer(store.open(digest, { start, length }));
      t.true(part.equals(bytes.subarray(start, start + length)), `${start}+${length}`);
    }
    const beyond = await t.throwsAsync(buffer(store.open(digest, { start: 999_999, length: 2 })));
    t.true(beyond instanceof RangeError);
    t.true(await store.has(digest), 'a wrong range harms no blob');
    t.throws(() => store.open(digest, { start: -1, length: 2 }), { instanceOf: RangeError });
  });

  withStore('what is absent is said to be absent', async (t, store) => {
    const digest = digestOf('never stored');
    t.false(await store.has(digest));
    t.is(await store.size(digest), undefined);
    await t.throwsAsync(store.read(digest), { code: 'BLOB_MISSING' });
    await t.throwsAsync(buffer(store.open(digest)), { code: 'BLOB_MISSING' });
    await store.delete(digest);
  });

  withStore('a part at once is a buffer of its own', async (t, store) => {
    const bytes = pattern(300_000);
    const { digest } = await store.put(bytes);
    const part = await store.readRange(digest, { start: 1000, length: 200_000 });
    t.true(part.equals(bytes.subarray(1000, 201_000)));
    part.fill(0);
    t.true((await store.read(digest)).equals(bytes));
    t.is((await store.readRange(digest, { start: 300_000, length: 0 })).length, 0);
    await t.throwsAsync(store.readRange(digest, { start: 299_999, length: 2 }), { instanceOf: RangeError });
    await t.throwsAsync(store.readRange(digest, { start: -1, length: 2 }), { instanceOf: RangeError });
    await t.throwsAsync(store.readRange(digestOf('no'), { start: 0, length: 1 }), { code: 'BLOB_MISSING' });
    t.true(await store.has(digest));
  });

  withStore('other bytes than expected are refused and not stored', async (t, store) => {
    const bytes = pattern(200_000);
    const digest = digestOf(bytes);
    const wrong = digestOf('other');
    const chunks = async function* () {
      yield bytes;
    };
    for (const expected of [
      { digest: wrong },
      { size: 7 },
      { digest, size: 7 },
      { digest: wrong, size: bytes.length },
    ]) {
      await t.throwsAsync(store.put(bytes, expected), { code: 'BLOB_MISMATCH' });
      await t.throwsAsync(store.put(chunks(), expected), { code: 'BLOB_MISMATCH' });
      const writer = await store.writer();
      await writer.write(bytes);
      await t.throwsAsync(writer.commit(expected), { code: 'BLOB_MISMATCH' });
    }
    t.false(await store.has(digest));
    t.false(await store.has(wrong));
    t.deepEqual(await store.put(chunks(), { digest, size: bytes.length }), { digest, size: bytes.length });
  });

  withStore('a source that fails leaves nothing', async (t, store) => {
    const chunks = async function* () {
      yield Buffer.from('half');
      throw new Error('the line went dead');
    };
    await t.throwsAsync(store.put(chunks()), { message: 'the line went dead' });
    t.false(await store.has(digestOf('half')));
  });

  withStore('a writer takes chunks of any size, and they may be reused at once', async (t, store) => {
    const bytes = pattern(5_000_000);
    const writer = await store.writer();
    const chunk = Buffer.alloc(1_500_000);
    for (let at = 0, step = 1; at < bytes.length; step = Math.min(step * 3, chunk.length)) {
      const length = bytes.copy(chunk, 0, at, at + step);
      await writer.write(chunk.subarray(0, length));
      chunk.fill(0xee);
      at += length;
    }
    const { digest, size } = await writer.commit();
    t.is(size, bytes.length);
    t.is(digest, digestOf(bytes));
    t.true((await store.read(digest)).equals(bytes));
    await t.throwsAsync(writer.write(chunk), { message: /ended/ });
    await t.throwsAsync(writer.commit(), { message: /ended/ });
  });

  withStore('an aborted writer leaves nothing', async (t, store) => {
    const writer = await store.writer();
    await writer.write(Buffer.from('abc'));
    await writer.abort();
    t.false(await store.has(digestOf('abc')));
  });

  withStore('the same blob many times at once is one blob', async (t, store) => {
    const bytes = pattern(700_000);
    const all = await Promise.all(Array.from({ length: 12 }, () => store.put(bytes)));
    t.is(new Set(all.map((stored) => stored.digest)).size, 1);
    t.true((await store.read(all[0]!.digest)).equals(bytes));
  });

  withStore('a deleted blob is gone and can come back', async (t, store) => {
    const { digest } = await store.put(Buffer.from('again'));
    await store.delete(digest);
    t.false(await store.has(digest));
    await t.throwsAsync(store.read(digest), { code: 'BLOB_MISSING' });
    await store.put(Buffer.from('again'));
    t.is(`${await store.read(digest)}`, 'again');
  });
}
