import { join } from 'node:path';
import test from 'ava';
import { crashRounds } from '../../support/endurance/crash-rounds.ts';
import { compileFaultShim, hasCompiler } from '../../support/faults/fault-shim.ts';
import { notRun } from '../../support/not-run.ts';
import { cliBench } from '../support/cli-bench.ts';

const NO_COMPILER = 'the fault shim needs a C compiler';

// More of it: node bench/endurance/crash.ts --kills 500
test.serial(
  'varves that are killed in any call to the kernel: the next build is right, the store and all tags are whole, nothing is left',
  async (t) => {
    t.timeout(280_000); // for each kill: an assertion begins it again
    if (!hasCompiler()) return notRun(t, NO_COMPILER);
    const say = (line: string) => {
      t.log(line);
      t.regex(line, /^round \d+: /);
    };
    const { kills } = await crashRounds({ kills: 3, seed: 7, say });
    const survived = [...kills.values()].reduce((sum, count) => sum + count, 0);
    t.is(survived, 3);
  },
);

test.serial(
  'a prune that is killed between two things that it takes leaves no row that leads to nothing',
  async (t) => {
    t.timeout(280_000);
    if (!hasCompiler()) return notRun(t, NO_COMPILER);
    const bench = cliBench(t);
    const shim = compileFaultShim(bench.path);
    const context = bench.directory('context', { Dockerfile: 'FROM scratch\nCOPY a /\nCOPY b /\n', a: 'a', b: 'b' });
    await bench.here('build', context);
    const fault = { verb: 'kill', kind: 'rename', at: 4 } as const;
    const killed = await bench.with(shim.environment(fault, join(bench.store, 'v1'))).varve('store prune', '--all');
    t.is(killed.signal, 'SIGKILL', killed.stderr);
    const verified = await bench.here('store verify');
    t.is(verified.code, 0, verified.stdout);
  },
);
