import test, { type ExecutionContext } from 'ava';
import type { Catalog } from '../../src/cas/catalog.ts';
import { pattern } from './pattern.ts';

/** What every Catalog does. @param make a new empty catalog and how to end it */
export function catalogSuite(name: string, make: () => Promise<{ catalog: Catalog; end(): Promise<void> }>): void {
  const withCatalog = (title: string, body: (t: ExecutionContext, catalog: Catalog) => Promise<void>) =>
    test(`${name}: ${title}`, async (t) => {
      const { catalog, end } = await make();
      try {
        await body(t, catalog);
      } finally {
        await end();
      }
    });

  withCatalog('a row comes back until it is deleted', async (t, catalog) => {
    t.is(await catalog.get('tree', 'a'), undefined);
    await catalog.write([{ type: 'put', space: 'tree', key: 'a', value: Buffer.from([0, 255, 10]) }]);
    t.deepEqual(await catalog.get('tree', 'a'), Buffer.from([0, 255, 10]));
    await catalog.write([{ type: 'put', space: 'tree', key: 'a', value: Buffer.alloc(0) }]);
    t.deepEqual(await catalog.get('tree', 'a'), Buffer.alloc(0));
    await catalog.write([
      { type: 'del', space: 'tree', key: 'a' },
      { type: 'del', space: 'tree', key: 'never there' },
    ]);
    t.is(await catalog.get('tree', 'a'), undefined);
    await catalog.write([]);
  });

  withCatalog('spaces do not touch', async (t, catalog) => {
    await catalog.write([
      { type: 'put', space: 'tree', key: 'k', value: Buffer.from('tree') },
      { type: 'put', space: 'stat', key: 'k', value: Buffer.from('stat') },
    ]);
    await catalog.write([{ type: 'del', space: 'tree', key: 'k' }]);
    t.is(await catalog.get('tree', 'k'), undefined);
    t.is(`${await catalog.get('stat', 'k')}`, 'stat');
    t.deepEqual(await all(catalog, 'tree'), []);
  });

  withCatalog('of several writes of one key in a batch the last one counts', async (t, catalog) => {
    await catalog.write([
      { type: 'put', space: 'use', key: 'k', value: Buffer.from('1') },
      { type: 'del', space: 'use', key: 'k' },
      { type: 'put', space: 'use', key: 'k', value: Buffer.from('2') },
    ]);
    t.is(`${await catalog.get('use', 'k')}`, '2');
  });

  withCatalog('getMany keeps the order of its keys, twins and gaps included', async (t, catalog) => {
    await putNumbers(catalog, 1000);
    const keys = Array.from({ length: 1500 }, (_, i) => number((i * 7) % 1200));
    const values = await catalog.getMany('frame', keys);
    t.is(values.length, keys.length);
    t.true(values.every((value, i) => `${value}` === (Number(keys[i]) < 1000 ? `v${keys[i]}` : 'undefined')));
    t.deepEqual(await catalog.getMany('frame', []), []);
    const twins = await catalog.getMany('frame', [number(3), number(3)]);
    t.deepEqual(twins.map(String), [`v${number(3)}`, `v${number(3)}`]);
  });

  withCatalog('rows come in key order, by prefix', async (t, catalog) => {
    await putNumbers(catalog, 700);
    await catalog.write([{ type: 'put', space: 'history', key: '0', value: Buffer.from('next space') }]);
    const rows = await all(catalog, 'frame');
    t.deepEqual(
      rows.map(([key]) => key),
      Array.from({ length: 700 }, (_, i) => number(i)),
    );
    t.true(rows.every(([key, value]) => value === `v${key}`));
    t.is((await all(catalog, 'frame', '0001')).length, 100);
    t.deepEqual(await all(catalog, 'frame', number(42)), [[number(42), `v${number(42)}`]]);
    t.deepEqual(await all(catalog, 'frame', 'none'), []);
    for await (const [key] of catalog.rows('frame')) if (key === number(2)) break; // leaving early harms nothing
    t.is(`${await catalog.get('frame', number(2))}`, `v${number(2)}`);
  });

  withCatalog('values of several MB, in getMany and in rows', async (t, catalog) => {
    const values = [1, 2, 3].map((seed) => pattern(3_000_000, seed));
    await catalog.write(values.map((value, i) => ({ type: 'put', space: 'stat', key: `big/${i}`, value })));
    const back = await catalog.getMany('stat', ['big/0', 'none', 'big/1', 'big/2']);
    t.is(back[1], undefined);
    t.true([back[0], back[2], back[3]].every((value, i) => value?.equals(values[i]!)));
    let seen = 0;
    for await (const [, value] of catalog.rows('stat', 'big/')) t.true(value.equals(values[seen++]!));
    t.is(seen, 3);
  });

  withCatalog('a value belongs to whoever has it', async (t, catalog) => {
    const mine = Buffer.from('mine');
    await catalog.write([{ type: 'put', space: 'layer', key: 'k', value: mine }]);
    mine.fill(0);
    (await catalog.get('layer', 'k'))!.fill(1);
    t.is(`${await catalog.get('layer', 'k')}`, 'mine');
  });

  withCatalog('a key that is no printable ASCII is refused', async (t, catalog) => {
    for (const key of ['ä', 'a\nb', '\x7f', 'x'.repeat(5000)])
      await t.throwsAsync(catalog.get('tree', key), { instanceOf: RangeError });
  });

  withCatalog('many operations at once', async (t, catalog) => {
    await Promise.all(
      Array.from({ length: 300 }, async (_, i) => {
        await catalog.write([{ type: 'put', space: 'record', key: number(i), value: Buffer.from(`${i}`) }]);
        t.is(`${await catalog.get('record', number(i))}`, `${i}`);
      }),
    );
    t.is((await all(catalog, 'record')).length, 300);
  });

  withCatalog('after close() it refuses', async (t, catalog) => {
    await catalog.close();
    await catalog.close();
    await t.throwsAsync(catalog.get('tree', 'a'), { message: /closed/ });
  });
}

const number = (i: number): string => String(i).padStart(6, '0');

async function putNumbers(catalog: Catalog, count: number): Promise<void> {
  const keys = Array.from({ length: count }, (_, i) => number(i)).reverse();
  await catalog.write(keys.map((key) => ({ type: 'put', space: 'frame', key, value: Buffer.from(`v${key}`) })));
}

async function all(catalog: Catalog, space: 'tree' | 'frame' | 'record', prefix?: string) {
  const rows: [string, string][] = [];
  for await (const [key, value] of catalog.rows(space, prefix)) rows.push([key, `${value}`]);
  return rows;
}
