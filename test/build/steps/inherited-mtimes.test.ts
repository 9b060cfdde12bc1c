import { lutimesSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { digestOf } from '../../../src/oci/digest.ts';
import { type BuildOptions, type Built, buildBench } from '../support/build-bench.ts';

const FILES = 20_000;
const DOCKERFILE = 'FROM scratch\nCOPY . /app\n';

/** 20,000 files of 2 KB in 200 directories, no two alike. */
function manyFiles(): Record<string, Buffer> {
  const files: Record<string, Buffer> = {};
  for (let i = 0; i < FILES; i++) {
    const content = `file ${i} ${(i * 2654435761) % 4294967296}\n`.repeat(80);
    files[`d${i % 200}/f${i}.txt`] = Buffer.from(content);
  }
  return files;
}

/** Gives everything below a directory a time that it never had, as a checkout does. */
function touchAll(root: string, seconds: number): void {
  for (const name of ['', ...(readdirSync(root, { recursive: true }) as string[])])
    lutimesSync(join(root, name), seconds, seconds);
}

const layerOf = ({ image }: Built) => image.layers.at(-1)!.descriptor.digest;

test('a fresh checkout with one of 20,000 files changed recompresses a frame', async (t) => {
  t.timeout(300_000);
  const bench = buildBench(t);
  const context = bench.directory('context', manyFiles());
  touchAll(context, 1_700_000_000);
  const first = await bench.build(DOCKERFILE, context);
  const frames = first.steps[0]!.frames!;
  t.true(frames.compressed > 30);
  t.is(frames.reused, 0);

  touchAll(context, 1_700_000_100);
  const touched = await bench.build(DOCKERFILE, context);
  t.is(touched.steps[0]!.status, 'hit');
  t.is(touched.context!.opened, FILES);
  t.is(layerOf(touched), layerOf(first));

  const unchanged = await bench.build(DOCKERFILE, context);
  t.is(unchanged.context!.opened, 0);
  t.is(unchanged.context!.hashedBytes, 0);

  writeFileSync(join(context, 'd50/f5050.txt'), 'changed\n');
  touchAll(context, 1_700_000_200);
  const changed = await bench.build(DOCKERFILE, context);
  t.is(changed.steps[0]!.status, 'done');
  t.is(changed.context!.opened, FILES);
  const again = changed.steps[0]!.frames!;
  t.true(again.compressed <= 2, `${again.compressed} frames`);
  t.true(again.bytes <= 2 * 1024 * 1024, `${again.bytes} bytes`);
  t.true(again.reused >= frames.compressed - 2);
});

const SMALL = { 'a/x': 'x', 'a/y': 'y', z: 'z' };

/** What tar says of the image's top layer's times, by path. */
async function mtimes(
  t: ExecutionContext,
  bench: ReturnType<typeof buildBench>,
  context: string,
  dockerfile = DOCKERFILE,
  more: BuildOptions = {},
): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  await bench.build(dockerfile, context, {
    ...more,
    inspect: async (image, { files }) => {
      const tree = await files.tree(image.layers);
      const source = files.source(image.layers, tree);
      const visit = async (path: string): Promise<void> => {
        for (const { name, entry } of await source.list(path)) {
          const child = path === '' ? name : `${path}/${name}`;
          found[child] = Number(entry.mtime / 1_000_000_000n);
          await visit(child);
        }
      };
      await visit('');
    },
  });
  t.true(Object.keys(found).length > 0);
  return found;
}

test('an entry keeps its time while its content, mode and owner stay', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', SMALL);
  touchAll(context, 100);
  await mtimes(t, bench, context);
  touchAll(context, 200);
  writeFileSync(join(context, 'a/x'), 'other');
  utimesSync(join(context, 'a/x'), 200, 200);
  const second = await mtimes(t, bench, context);
  t.is(second['app/a/x'], 200);
  t.is(second['app/a/y'], 100);
  t.is(second['app/z'], 100);
  t.is(second['app/a'], 100);
});

test('another owner or mode is another entry; each stage, Dockerfile and repository is compared with itself', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', SMALL);
  touchAll(context, 100);
  await mtimes(t, bench, context);
  touchAll(context, 200);
  t.is((await mtimes(t, bench, context, 'FROM scratch\nCOPY --chown=5 . /app\n'))['app/z'], 200);
  touchAll(context, 300);
  t.is((await mtimes(t, bench, context, 'FROM scratch\nCOPY --chown=5 --chmod=600 . /app\n'))['app/z'], 300);
  touchAll(context, 400);
  const named = 'FROM scratch AS named\nCOPY --chown=5 --chmod=600 --link . /app\n';
  t.is((await mtimes(t, bench, context, named))['app/z'], 400);
  touchAll(context, 500);
  const excluding = 'FROM scratch\nCOPY --chown=5 --chmod=600 --exclude=no . /app\n';
  t.is((await mtimes(t, bench, context, excluding, { repository: 'example.com/other' }))['app/z'], 500);
  touchAll(context, 600);
  t.is((await mtimes(t, bench, context, excluding.replace('=no', '=not')))['app/z'], 300);
});

test('--no-cache and SOURCE_DATE_EPOCH take the times as they are, and a lost tree is none', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', SMALL);
  touchAll(context, 100);
  await mtimes(t, bench, context);
  touchAll(context, 200);
  t.is((await mtimes(t, bench, context, DOCKERFILE, { useCache: false }))['app/z'], 200);
  touchAll(context, 250);
  const buildArgs = new Map([['SOURCE_DATE_EPOCH', '1000']]);
  const dated = await mtimes(t, bench, context, 'FROM scratch\nCOPY --exclude=y . /app\n', { buildArgs });
  t.is(dated['app/z'], 250);
  touchAll(context, 300);
  const lost = await mtimes(t, bench, context, 'FROM scratch\nCOPY --exclude=x . /app\n', {
    with: ({ records }) => ({
      records: { ...records, slot: async () => ({ exact: digestOf('lost'), content: digestOf('lost') }) },
    }),
  });
  t.is(lost['app/z'], 300);
});
