import test from 'ava';
import { createPlaceCheck, type Given } from '../../../src/build/cache/place-check.ts';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import type { RecordStore } from '../../../src/registry/record-store.ts';

const LAYERS = ['a', 'b', 'c'];
const GIVEN: readonly Given[] = LAYERS.map((name) => ({
  tags: [name, `${name}-slot`],
  layer: { digest: digestOf(name), size: 1 },
  again() {},
}));
const ALL = GIVEN.flatMap(({ tags }) => tags);

/** What a place with these tags and without these layers is asked, and what it is found to lack. */
async function checked(
  tags: readonly string[] | undefined | Error,
  { lost = [], now = 0 }: { readonly lost?: readonly string[]; readonly now?: number } = {},
) {
  const asked: string[] = [];
  const nameOf = (digest: Digest) => LAYERS.find((name) => digestOf(name) === digest)!;
  const place: RecordStore = {
    name: 'place',
    repository: { registry: 'registry.test', repository: 'cache' },
    async tags() {
      asked.push('tags');
      if (tags instanceof Error) throw tags;
      return tags;
    },
    async manifest(tag) {
      asked.push(`manifest ${tag}`);
      return lost.includes(tag) ? undefined : Buffer.from('{}');
    },
    async hasBlob({ digest }) {
      asked.push(`blob ${nameOf(digest)}`);
      return !lost.includes(nameOf(digest));
    },
    blob: () => Promise.reject(new Error('nobody reads')),
    putBlob: () => Promise.reject(new Error('nobody writes')),
    putManifest: () => Promise.reject(new Error('nobody writes')),
  };
  const signal = new AbortController().signal;
  const check = createPlaceCheck({ place, signal, log: { warn() {}, debug() {} }, now: () => now });
  check.begin();
  const missing = await check.missing(GIVEN);
  return [missing.map(({ tags: [tag] }) => tag).join(), asked.join()];
}

test('a tag that is not listed is missing, whichever of a record’s tags it is', async (t) => {
  t.deepEqual(await checked(ALL), ['', 'tags']);
  t.deepEqual(await checked(ALL.filter((tag) => tag !== 'b')), ['b', 'tags']);
  t.deepEqual(await checked(ALL.filter((tag) => tag !== 'c-slot')), ['c', 'tags']);
  t.deepEqual(await checked([]), ['a,b,c', 'tags']);
});

test('now and then one layer is looked at, another one each time; one that is gone says nothing good of the others', async (t) => {
  const turn = (number: number) => ({ now: 1000 * (8 * number + 7) });
  t.deepEqual(await checked(ALL, turn(0)), ['', 'blob a']);
  t.deepEqual(await checked(ALL, turn(1)), ['', 'blob b']);
  t.deepEqual(await checked(ALL, { lost: ['b'], ...turn(0) }), ['', 'blob a']);
  t.deepEqual(await checked(ALL, { lost: ['b'], ...turn(4) }), ['a,b,c', 'blob b']);
});

test('where tags cannot be listed one record stands for all of them', async (t) => {
  for (const tags of [undefined, new Error('405')]) {
    t.deepEqual(await checked(tags), ['', 'tags,manifest a']);
    t.deepEqual(await checked(tags, { lost: ['c'], now: 16_000 }), ['a,b,c', 'tags,manifest c']);
  }
});
