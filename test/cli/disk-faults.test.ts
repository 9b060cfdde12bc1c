import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { outputOf } from '../../scripts/run-process.ts';
import { notRun } from '../support/not-run.ts';
import { type CliBench, cliBench } from './support/cli-bench.ts';
import { type SmallDisk, smallDisk } from './support/small-disk.ts';

const DOCKERFILE = `
FROM localhost/busybox:1
COPY . /src
RUN dd if=/dev/zero of=/zeros bs=1M count=8 2>/dev/null && mkdir /many && for i in $(seq 1 300); do echo $i >/many/$i; done
RUN cat /src/words.txt /many/* >/out
`;
const MIB = 1024 * 1024;

/** A store on a disk of its own, and a context of 20 MiB that no compressor makes smaller. */
async function faultBench(
  t: ExecutionContext,
  size: number,
  inodes?: number,
): Promise<{ bench: CliBench; disk: SmallDisk; context: string } | undefined> {
  if (process.getuid?.() !== 0) {
    notRun(t, 'mounting a disk needs root');
    return undefined;
  }
  const bench = cliBench(t);
  const disk = smallDisk(bench.store, size, inodes);
  t.teardown(() => disk[Symbol.dispose]());
  const context = bench.directory('context', { Dockerfile: DOCKERFILE, 'words.txt': 'a b c\n' });
  writeFileSync(join(context, 'big'), randomBytes(20 * MIB));
  await bench.importBusybox('localhost/busybox:1');
  return { bench, disk, context };
}

/** The build works, its image is right, the store is whole, nothing is left over. */
async function works(t: ExecutionContext, bench: CliBench, context: string): Promise<void> {
  const tar = join(bench.path, 'out.tar');
  const built = await bench.varve('build', '-o', `type=tar,dest=${tar}`, context);
  t.is(built.code, 0, built.stderr);
  const lines = (await outputOf(['tar', '--extract', '--to-stdout', '--file', tar, 'out'])).split('\n');
  t.is(lines[0], 'a b c');
  t.is(lines.length, 302);
  const verified = await bench.varve('store verify');
  t.is(verified.code, 0, verified.stdout + verified.stderr);
  const { mounts, temps } = bench.leftovers();
  // The disk itself is one.
  t.is(mounts.length, 1, mounts.join('\n'));
  t.deepEqual(temps, []);
}

test.serial('a full disk ends in an error that says so, and is no matter once there is room', async (t) => {
  const made = await faultBench(t, 300);
  if (!made) return;
  const { bench, disk, context } = made;
  disk.fill(36);
  const { code, stderr } = await bench.varve('build', '-o', 'type=cacheonly', context);
  t.is(code, 1);
  t.regex(stderr, /ENOSPC/);
  t.regex(stderr, /hint: .*store prune/);
  t.notRegex(stderr, /internal error/);
  t.is((await bench.varve('store verify')).code, 0);
  disk.free();
  await works(t, bench, context);
});

test.serial('a disk without inodes ends in an error that says so', async (t) => {
  const made = await faultBench(t, 300, 700);
  if (!made) return;
  const { bench, context } = made;
  const { code, stderr } = await bench.varve('build', '-o', 'type=cacheonly', context);
  t.is(code, 1);
  t.regex(stderr, /ENOSPC|No space left/);
  t.notRegex(stderr, /internal error/);
  const verified = await bench.varve('store verify');
  t.is(verified.code, 0, verified.stdout + verified.stderr);
});

test.serial('a store that is read-only is named; writable again, it works', async (t) => {
  const made = await faultBench(t, 300);
  if (!made) return;
  const { bench, disk, context } = made;
  disk.remount('ro');
  const refused = await bench.varve('build', '-o', 'type=cacheonly', context);
  t.is(refused.code, 1);
  t.regex(refused.stderr, /EROFS.*\nhint: /);
  disk.remount('rw');
  await works(t, bench, context);
});
