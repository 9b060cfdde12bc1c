import { setTimeout } from 'node:timers/promises';
import { seededRandom } from './random.ts';
import { storeBench } from './store-bench.ts';
import { startVarve, type VarveEnd } from './varve-process.ts';

export interface StressOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Builds at once. */
  readonly builds: number;
  say(line: string): void;
}

/** Eight Dockerfiles that share steps: some are equal in all, some in pairs, some in none; all change with each round. */
function dockerfile(i: number): string {
  return `FROM base:1 AS common
ARG ROUND
RUN echo "round $ROUND" > /round && head -c 200000 /dev/zero > /zeros
COPY shared /shared
FROM common AS pair
RUN --mount=type=cache,target=/cache echo pair-${i % 4} >> /cache/log; echo pair-${i % 4} > /pair; rm -f /etc/group
FROM base:1 AS other
ARG ROUND
RUN mkdir /out && for n in 1 2 3 4 5 6 7 8 9; do echo "$ROUND $n" > /out/$n; done
FROM pair
COPY --from=other /out /out
WORKDIR /srv/${i % 3}
RUN echo ${i} > own && cat /round /pair /out/9 > /all && rm -rf /shared/a && mkdir /shared/a
`;
}

/**
 * Rounds of builds at once on one store, one of them killed with SIGKILL at a moment that the seed decides, in every
 * other round beside a prune. @throws Error with what a process said, when another build failed, the store is not whole,
 * or something was left behind
 */
export async function stressStore({ rounds, seed, builds, say }: StressOptions): Promise<void> {
  using bench = await storeBench();
  const random = seededRandom(seed);
  const files = Object.fromEntries(Array.from({ length: builds }, (_, i) => [`Dockerfile.${i}`, dockerfile(i)]));
  const context = bench.directory('context', { ...files, 'shared/a/file': 'a\n', 'shared/b': 'b\n' });
  let duration = 4000; // of a round, in ms; the next kill falls somewhere in it
  for (let round = 0; round < rounds; round++) {
    const victim = Math.floor(random() * builds);
    const delay = random() * duration;
    const started = performance.now();
    const processes = Array.from({ length: builds }, (_, i) =>
      startVarve([
        'build',
        ...['--store', bench.store, '--file', `${context}/Dockerfile.${i}`, '--build-arg', `ROUND=${round}`],
        ...(i % 2 ? ['--tag', `image-${i}:1`] : []),
        context,
      ]),
    );
    const prune = round % 2 ? startVarve(['store', 'prune', '--store', bench.store, '--max-size', '1MB']) : undefined;
    await setTimeout(delay);
    const killed = processes[victim]!.child.kill('SIGKILL');
    const ends = await Promise.all(processes.map(({ ended }) => ended));
    duration = performance.now() - started;
    const pruned = await prune?.ended;
    const failed = ends.flatMap((end, i) =>
      end.code === 0 || (i === victim && end.signal === 'SIGKILL') ? [] : [said(end)],
    );
    if (pruned && pruned.code !== 0) failed.push(said(pruned));
    const verified = await startVarve(['store', 'verify', '--store', bench.store]).ended;
    if (verified.code !== 0) failed.push(said(verified));
    failed.push(...bench.leftovers());
    const fate = ends[victim]!.signal === 'SIGKILL' ? 'killed' : killed ? 'had ended' : 'was gone';
    say(
      `round ${round}: build ${victim} ${fate} after ${Math.round(delay)} of ${Math.round(duration)} ms; ${verified.stdout.trim()}`,
    );
    if (failed.length > 0) throw new Error(`seed ${seed}, round ${round}:\n${failed.join('\n---\n')}`);
  }
}

function said({ code, signal, stdout, stderr }: VarveEnd): string {
  return `ended with ${code ?? signal}:\n${stdout}${stderr}`;
}
