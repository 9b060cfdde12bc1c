import test from 'ava';
import type { BuildRecord } from '../../../src/build/explain/build-record.ts';
import { createHistory } from '../../../src/build/explain/history.ts';
import { sweepHistory } from '../../../src/build/explain/sweep-history.ts';
import { verifyHistory } from '../../../src/build/store/verify-history.ts';
import type { Catalog } from '../../../src/cas/catalog.ts';
import { createMemoryCatalog } from '../../../src/cas/memory-catalog.ts';
import { digestOf } from '../../../src/oci/digest.ts';

const LIST = digestOf('a list');

/** With one step that takes a list of one file. */
function build(id: string, started: string): BuildRecord {
  const key = digestOf(id);
  return {
    version: 1,
    id,
    started,
    durationMs: 1,
    result: 'done',
    name: 'app',
    dockerfile: 'Dockerfile',
    target: '',
    steps: [
      {
        id: '1',
        stage: 'app',
        ordinal: 0,
        kind: 'copy',
        title: 'COPY --from=lib a b',
        line: 1,
        platform: 'linux/amd64',
        key,
        parent: { key },
        apart: false,
        sources: [{ key }],
        taken: [LIST],
        status: 'miss',
        args: [],
      },
    ],
  };
}

const add = (catalog: Catalog, id: string, started: string, list = LIST): Promise<void> =>
  createHistory(catalog).add(build(id, started), new Map(), new Map([[list, [`file ${id}`]]]));

async function damage(catalog: Catalog): Promise<string[]> {
  const found: string[] = [];
  await verifyHistory(catalog, {
    checked: { blob: 0, image: 0, layer: 0, tree: 0, chain: 0, history: 0, record: 0, frame: 0 },
    report: async ({ name, problem }) => void found.push(`${name}: ${problem}`),
  });
  return found;
}

/** Does something the first time that a sweep has read all rows with a prefix. */
function after(catalog: Catalog, prefix: string, action: () => Promise<void>): Catalog {
  let isDone = false;
  return {
    ...catalog,
    async *rows(space, from) {
      yield* catalog.rows(space, from);
      if (from !== prefix || isDone) return;
      isDone = true;
      await action();
    },
  };
}

for (const prefix of ['lines/', 'build/', 'step/', 'taken/', 'shared/taken/'])
  test(`a build that is written while a sweep has read ${prefix} leaves a whole history`, async (t) => {
    const catalog = createMemoryCatalog();
    await sweepHistory(after(catalog, prefix, () => add(catalog, 'new', '2024-01-02T00:00:00Z')));
    t.deepEqual(await damage(catalog), []);
  });

test('a list that goes with its build while another build names it again leaves no row without it', async (t) => {
  const catalog = createMemoryCatalog();
  await add(catalog, 'same', '2024-01-01T00:00:00Z');
  const again = () => add(catalog, 'same', '2024-02-02T00:00:00Z', digestOf('another list of the same file'));
  await sweepHistory(after(catalog, 'shared/taken/', again), { before: '2024-02-01T00:00:00Z' });
  t.deepEqual(await damage(catalog), []);
});

test('a row that a killed sweep left without its list goes with the next one', async (t) => {
  const catalog = createMemoryCatalog();
  await add(catalog, 'torn', '2024-01-01T00:00:00Z');
  for await (const [key] of catalog.rows('history', 'lines/'))
    await catalog.write([{ type: 'del', space: 'history', key }]);
  t.is((await damage(catalog)).length, 1);
  t.is(await sweepHistory(catalog), 1);
  t.deepEqual(await damage(catalog), []);
});
