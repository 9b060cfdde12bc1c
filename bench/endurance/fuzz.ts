// node bench/endurance/fuzz.ts [--target NAME]… [--seconds N] [--seed S] [--at INDEX]
// Changes samples of everything that varve reads from others, and reads them, until the time is over. A target has its own
// thread, so that one that hangs or takes all memory is seen. The same seed and index give the same input: --at shows it.

import { parseArgs } from 'node:util';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { allTargets } from '../../test/support/fuzz/all-targets.ts';
import { inputOf, tryInput } from '../../test/support/fuzz/try-input.ts';

/** One input may not take longer, on a busy machine. */
const HANG_MS = 20_000;
/** What an input may cost of processor time before it is told of: the largest inputs have some 100 KB. */
const SLOW_MS = 2000;
const MEMORY_BYTES = 700 * 1024 * 1024;
const HEAP_MIB = 512;
/** Flaws of one target that are printed. */
const MOST_FLAWS = 5;

interface Job {
  readonly target: string;
  readonly seconds: number;
  readonly seed: number;
  readonly at: number;
}

type Message =
  | { readonly kind: 'at'; readonly index: number }
  | { readonly kind: 'flaw'; readonly index: number; readonly text: string }
  | { readonly kind: 'end'; readonly tried: number; readonly read: number; readonly slowestMs: number };

if (parentPort) await tryMany(workerData as Job, (message) => parentPort?.postMessage(message));
else await runAll();

async function runAll(): Promise<void> {
  const { values } = parseArgs({
    options: {
      target: { type: 'string', multiple: true, default: [] },
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      at: { type: 'string' },
    },
  });
  const seed = Number(values.seed);
  const targets = await allTargets();
  const names = values.target.length ? values.target : targets.map(({ name }) => name);
  if (values.at !== undefined) {
    for (const target of targets.filter(({ name }) => names.includes(name)))
      process.stdout.write(await inputOf(target, seed, Number(values.at)));
  }
  for (const target of targets) await target[Symbol.asyncDispose]?.();
  if (values.at !== undefined) return;
  let [tried, flaws] = [0, 0];
  for (const target of names) {
    const found = await runOne({ target, seconds: Number(values.seconds), seed, at: 0 });
    tried += found.tried;
    flaws += found.flaws;
  }
  console.log(`${names.length} targets, seed ${seed}: ${tried} inputs, ${flaws} flaws`);
  process.exitCode = flaws ? 1 : 0;
}

/** Runs a target in threads of its own: after one that had to be ended comes the next, past the input that it was at. */
async function runOne(job: Job): Promise<{ tried: number; flaws: number }> {
  const until = Date.now() + job.seconds * 1000;
  let [tried, read, flaws, slowestMs, at] = [0, 0, 0, 0, 0];
  const told = (index: number, text: string): void => {
    if (++flaws <= MOST_FLAWS) console.log(`  ${job.target} --seed ${job.seed} --at ${index}: ${text.slice(0, 1500)}`);
  };
  while (Date.now() < until) {
    const left = (until - Date.now()) / 1000;
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { ...job, seconds: left, at } satisfies Job,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    let isDone = false;
    let watch = setTimeout(() => {}, 0);
    const watched = (): void => {
      clearTimeout(watch);
      watch = setTimeout(() => {
        told(at, `it takes longer than ${HANG_MS / 1000} s`);
        void worker.terminate();
      }, HANG_MS);
    };
    await new Promise<void>((resolve) => {
      worker.on('message', (message: Message) => {
        watched();
        if (message.kind === 'at') at = message.index;
        else if (message.kind === 'flaw') told(message.index, message.text);
        else {
          isDone = true;
          tried += message.tried;
          read += message.read;
          slowestMs = Math.max(slowestMs, message.slowestMs);
        }
      });
      worker.on('error', (error) => told(at, String(error)));
      worker.on('exit', () => resolve());
    });
    clearTimeout(watch);
    if (isDone) break;
    at++;
  }
  console.log(
    `${job.target}: ${tried} inputs, ${read} read, ${tried - read} refused or flawed, ${flaws} flaws, slowest ${Math.round(slowestMs)} ms`,
  );
  return { tried, flaws };
}

async function tryMany({ target: name, seconds, seed, at }: Job, tell: (message: Message) => void): Promise<void> {
  const targets = await allTargets();
  const target = targets.find((each) => each.name === name);
  if (!target) throw new Error(`there is no target ${name}: ${targets.map((each) => each.name).join(', ')}`);
  const until = Date.now() + seconds * 1000;
  const memory = process.memoryUsage().rss;
  let [tried, read, slowestMs] = [0, 0, 0];
  for (let index = at; Date.now() < until; index++, tried++) {
    tell({ kind: 'at', index });
    const input = await inputOf(target, seed, index);
    const before = process.cpuUsage();
    try {
      if ((await tryInput(target, input)) === 'read') read++;
    } catch (error) {
      tell({ kind: 'flaw', index, text: error instanceof Error ? error.message : String(error) });
    }
    const { user, system } = process.cpuUsage(before);
    const spent = (user + system) / 1000;
    slowestMs = Math.max(slowestMs, spent);
    if (spent > SLOW_MS) tell({ kind: 'flaw', index, text: `${input.length} bytes take ${Math.round(spent)} ms` });
    if (index % 64 === 0) {
      const grown = process.memoryUsage().rss - memory;
      if (grown > MEMORY_BYTES) throw new Error(`${Math.round(grown / 1e6)} MB more than at the start`);
    }
  }
  for (const each of targets) await each[Symbol.asyncDispose]?.();
  tell({ kind: 'end', tried, read, slowestMs });
}
