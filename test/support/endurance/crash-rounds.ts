import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../build/support/random.ts';
import { compileFaultShim, type FaultKind, faultText, readCounts, type ShimFault } from '../faults/fault-shim.ts';
import { type EnduranceBench, enduranceBench, imageDigest, REPRODUCIBLE, said } from './endurance-bench.ts';

export interface CrashOptions {
  readonly kills: number;
  readonly seed: number;
  say(line: string): void;
}

export interface CrashTotals {
  /** By what was killed, and by where: `build write`, `prune at random`. */
  readonly kills: ReadonlyMap<string, number>;
  /** Varves that ended before their kill came. */
  unharmed: number;
  builds: number;
  tags: number;
  blobs: number;
}

const VERSIONS = 6;
/** Rounds on one cache repository; then a new, empty one, so that records are uploaded again. */
const CACHE_ROUNDS = 8;
const KINDS: readonly FaultKind[] = ['write', 'sync', 'rename', 'make', 'remove', 'net'];

/**
 * Kills varves with SIGKILL, in a call to the kernel that the seed chooses or at a moment that it does, and checks after
 * each that nothing of it matters: the next build gives the image of an undisturbed one, the store is whole, every tag of
 * the registry leads to all it names with the right bytes, and nothing is left over.
 * @throws Error with what went wrong
 */
export async function crashRounds({ kills, seed, say }: CrashOptions): Promise<CrashTotals> {
  await using bench = await enduranceBench(seed);
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const shim = compileFaultShim(bench.path);
  const counts = new Map<string, Map<string, number>>();
  const durations = new Map<string, number>();
  const totals = { kills: new Map<string, number>(), unharmed: 0, builds: 0, tags: 0, blobs: 0 };
  let done = 0;
  for (let round = 0; done < kills; round++) {
    const version = Math.floor(random() * VERSIONS);
    const expected = await bench.expected(version);
    const cache = `cache-${Math.floor(round / CACHE_ROUNDS)}`;
    if (random() < 0.3) await bench.varve('store', 'prune', '--all', '--store', bench.store);
    const flags = buildFlags(bench, version, cache);
    if (random() < 0.2) flags.push('--no-cache');
    const victim = pick(['build', 'build', 'build', 'prune', 'push', 'verify'] as const);
    // What is pruned or pushed has to be there.
    if (victim !== 'build') await bench.varve('build', ...buildFlags(bench, version, cache));
    const args = {
      build: ['build', ...flags],
      prune: ['store', 'prune', '--store', bench.store, ...pick([['--all'], ['--max-size', '1MB'], []])],
      push: ['push', '--store', bench.store, `${bench.host}/app:${version}`, `${bench.host}/pushed:${round % 20}`],
      verify: ['store', 'verify', '--repair', '--store', bench.store],
    }[victim];
    // The first of each is not harmed: it tells how many calls there are, and how long it takes.
    const known = counts.get(victim);
    const countsFile = join(bench.path, 'counts');
    if (!known) {
      const started = performance.now();
      const end = await bench.start(args, shim.environment(undefined, join(bench.store, 'v1'), countsFile)).ended;
      if (end.code !== 0) throw new Error(said(args, end));
      counts.set(victim, readCounts(countsFile));
      durations.set(victim, performance.now() - started);
      continue;
    }
    const kinds = KINDS.filter((kind) => known.get(kind));
    const kind = random() < 0.15 ? undefined : pick(kinds);
    // Early calls as often as late ones, whatever their number.
    const at = kind && Math.ceil((known.get(kind)! + 1) ** random());
    const fault: ShimFault | undefined = kind && {
      verb: kind === 'write' && random() < 0.4 ? 'half' : 'kill',
      kind,
      at: at!,
    };
    const delay = random() * durations.get(victim)!;
    const { child, ended } = bench.start(args, fault ? shim.environment(fault, join(bench.store, 'v1')) : {});
    if (!fault) void sleep(delay).then(() => child.kill('SIGKILL'));
    const end = await ended;
    const where = fault ? faultText(fault) : `after ${Math.round(delay)} ms`;
    const label = `${victim} ${kind ?? 'at random'}`;
    if (end.signal !== 'SIGKILL') {
      if (end.code !== 0) throw new Error(`seed ${seed}, round ${round}, ${victim} ${where}:\n${said(args, end)}`);
      totals.unharmed++;
      continue;
    }
    done++;
    totals.kills.set(label, (totals.kills.get(label) ?? 0) + 1);
    const wrong = await whatIsWrong(bench, { version, cache, expected });
    totals.builds++;
    say(`round ${round}: ${victim} of version ${version}, ${where}: kill ${done}`);
    if (wrong.length) throw new Error(`seed ${seed}, round ${round}, ${victim} ${where}:\n${wrong.join('\n---\n')}`);
  }
  return { ...totals, ...bench.registry.seen };
}

function buildFlags(bench: EnduranceBench, version: number, cache: string): string[] {
  const to = ['--tag', `${bench.host}/app:${version}`, '--push', '--cache-repo', `${bench.host}/${cache}`];
  return ['--store', bench.store, ...to, ...REPRODUCIBLE, ...bench.project.become(version), bench.project.context];
}

async function whatIsWrong(
  bench: EnduranceBench,
  { version, cache, expected }: { readonly version: number; readonly cache: string; readonly expected: string },
): Promise<string[]> {
  const wrong = await bench.registry.problems(['app', 'pushed', cache]);
  const args = ['build', ...buildFlags(bench, version, cache)];
  const next = await bench.here(...args);
  if (next.code !== 0) return [...wrong, said(args, next)];
  if (imageDigest(next) !== expected) wrong.push(`another image than ${expected}: ${said(args, next)}`);
  const verify = ['store', 'verify', '--store', bench.store];
  const verified = await bench.here(...verify);
  if (verified.code !== 0) wrong.push(said(verify, verified));
  return [...wrong, ...(await bench.registry.problems(['app', cache])), ...bench.leftovers()];
}
