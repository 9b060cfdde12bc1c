import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { createStepLeases, type LeaseTimes, type StepLeases } from '../../../src/build/cache/step-leases.ts';
import { digestHex, digestOf } from '../../../src/oci/digest.ts';
import type { RecordedExchange } from '../../support/recording-proxy.ts';
import { cacheBench } from '../support/cache-bench.ts';

const TIMES: LeaseTimes = { dead: 60_000, beat: 5, poll: 1, settle: 5 };
const KEY = digestOf('a step');
const TAG = `lease-${digestHex(KEY)}`;

/** A repository's manifests, and machines that share it; the time of whoever looks passes when the test says so. */
function shared(times: LeaseTimes = TIMES) {
  const manifests = new Map<string, Buffer>();
  const warnings: string[] = [];
  let now = 0;
  let isBroken = false;
  const reads: number[] = [];
  const machine = (): StepLeases => {
    const own = reads.push(0) - 1;
    return createStepLeases({
      place: {
        name: 'cache',
        manifest: async (tag) => {
          reads[own]!++;
          if (isBroken) throw new Error('no answer');
          return manifests.get(tag);
        },
        putBlob: async () => {},
        putManifest: async (tag, bytes) => void manifests.set(tag, bytes),
      },
      clock: { monotonic: () => now },
      log: { warn: (text) => void warnings.push(text), debug: () => {} },
      signal: new AbortController().signal,
      times,
    });
  };
  return {
    manifests,
    warnings,
    machine,
    /** How often each machine has looked. */
    reads,
    pass: (ms: number) => void (now += ms),
    break: () => void (isBroken = true),
  };
}

/** A step that machines do, and what each finds of it in the cache. */
function step() {
  const runs: number[] = [];
  let record: string | undefined;
  return {
    runs,
    made: async () => record,
    keep: (made: string) => void (record = made),
    work:
      (machine: number, until: Promise<unknown> = Promise.resolve()) =>
      async () => {
        runs.push(machine);
        await until;
        return `made by ${machine}`;
      },
  };
}

test('who comes later waits, and takes what was made', async (t) => {
  const { machine } = shared();
  const [first, second] = [machine(), machine()];
  const { runs, made, keep, work } = step();
  const going = Promise.withResolvers<void>();
  const one = first.hold(KEY, made, work(1, going.promise));
  while (runs.length === 0) await sleep(1);
  const two = second.hold(KEY, made, work(2));
  await sleep(50);
  t.deepEqual(runs, [1]);
  going.resolve();
  t.is(await one, 'made by 1');
  // The step is done, and its record on its way: the lease is still held.
  await sleep(50);
  t.deepEqual(runs, [1]);
  keep('made by 1');
  await first.free(KEY, Promise.resolve());
  t.is(await two, 'made by 1');
  t.deepEqual(runs, [1]);
  // Another step is nobody's business.
  t.is(await second.hold(digestOf('another'), async () => undefined, work(2)), 'made by 2');
});

test('a step that failed, and one whose machine says nothing any more, is done by who waits', async (t) => {
  const { machine } = shared();
  const { runs, made, work } = step();
  const failing = machine().hold(KEY, made, async () => {
    throw new Error('it failed');
  });
  await t.throwsAsync(failing, { message: 'it failed' });
  const second = machine();
  t.is(await second.hold(KEY, made, work(2)), 'made by 2');
  await second.free(KEY, Promise.resolve());

  // The machine is gone: its lease stays as it is.
  const dead = shared({ ...TIMES, beat: 3_600_000 });
  await dead.machine().hold(KEY, made, work(3));
  const third = dead.machine().hold(KEY, made, work(4));
  await sleep(50);
  t.deepEqual(runs, [2, 3]);
  dead.pass(TIMES.dead - 1);
  await sleep(50);
  t.deepEqual(runs, [2, 3]);
  dead.pass(2);
  t.is(await third, 'made by 4');
});

test('one that is alive keeps its lease however long it takes', async (t) => {
  const { machine, pass, reads, manifests } = shared();
  const { runs, made, keep, work } = step();
  const first = machine();
  await first.hold(KEY, made, work(1));
  const two = machine().hold(KEY, made, work(2));
  for (let i = 0; i < 10; i++) {
    const before = manifests.get(TAG);
    pass(TIMES.dead / 2);
    while (manifests.get(TAG) === before) await sleep(1);
    const looked = reads[1]!;
    while (reads[1]! < looked + 2) await sleep(1);
  }
  keep('made by 1');
  t.is(await two, 'made by 1');
  t.deepEqual(runs, [1]);
  await first.free(KEY, Promise.resolve());
});

test('a repository that fails, or has something else there, keeps nobody from working', async (t) => {
  const broken = shared();
  broken.break();
  const { runs, made, work } = step();
  t.is(await broken.machine().hold(KEY, made, work(1)), 'made by 1');
  t.deepEqual(broken.warnings, ['cache: steps are done without leases: no answer']);
  const odd = shared();
  odd.manifests.set(TAG, Buffer.from('{"no":"lease"}'));
  t.is(await odd.machine().hold(KEY, made, work(2)), 'made by 2');
  t.deepEqual(runs, [1, 2]);
});

test('two builds with stores of their own do a RUN once, and leave a lease that is free', async (t) => {
  const bench = await cacheBench(t);
  const cache = bench.options({ leases: true });
  const dockerfile = `FROM ${bench.base}\nRUN read first </proc/uptime; echo $first >/when\n`;
  const context = bench.directory('context', { a: 'a' });
  const one = bench.cached(dockerfile, context, { store: 'one', cache });
  const isLease = ({ method, path }: RecordedExchange): boolean => method === 'PUT' && path.includes('/lease-');
  while (!bench.proxy.exchanges.some(isLease)) await sleep(10);
  const builds = [await bench.cached(dockerfile, context, { store: 'two', cache }), await one];
  t.deepEqual(
    builds.flatMap(({ warnings }) => warnings),
    [],
  );
  t.deepEqual(builds.flatMap(({ steps }) => steps.map(({ status }) => status)).sort(), ['done', 'hit']);
  t.is(builds[0]!.image.layers.at(-1)!.diffId, builds[1]!.image.layers.at(-1)!.diffId);
  const { host } = bench.proxy;
  const { tags } = (await (await fetch(`http://${host}/v2/cache/tags/list`)).json()) as { tags: string[] };
  const lease = tags.filter((tag) => tag.startsWith('lease-'));
  t.is(lease.length, 1);
  const accept = { accept: 'application/vnd.oci.image.manifest.v1+json' };
  const manifest = await (await fetch(`http://${host}/v2/cache/manifests/${lease[0]}`, { headers: accept })).text();
  t.regex(manifest, /\\"state\\":\\"free\\"/);
});
