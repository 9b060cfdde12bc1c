import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ExecutionContext } from 'ava';
import { findProcesses } from '../sandbox/support/find-processes.ts';
import { withBench } from './sandbox.ts';

const LONGEST_WAIT_MS = 20_000;

/** What is left when a RUN ends, whatever way: nothing. */
export function sandboxEndingSuite(rung: string): void {
  const check = withBench(rung);

  check('a daemon that the command leaves behind is killed', async (t, bench) => {
    const marker = newMarker();
    const script = `setsid sh -c "trap '' TERM HUP; sleep ${marker}" >/dev/null 2>&1 & sleep 0.05; echo done`;
    const { stdout } = await bench.run(['sh', '-c', script]);
    t.is(stdout, 'done\n');
    t.deepEqual(findProcesses(marker), []);
    t.deepEqual(mountsIn(bench.directory), []);
  });

  check('a daemon that keeps the output open does not keep the RUN', async (t, bench) => {
    const marker = newMarker();
    t.is((await bench.run(['sh', '-c', `sleep ${marker} & echo done`])).stdout, 'done\n');
    t.deepEqual(findProcesses(marker), []);
  });

  check('an abort asks, kills, and rejects', async (t, bench) => {
    const marker = newMarker();
    const shared = bench.makeDirectory();
    const controller = new AbortController();
    const script = `(trap 'echo asked > /mnt/a/asked; exit' TERM; echo ready; while :; do sleep 0.05; done) & trap '' TERM; sleep ${marker}`;
    const run = bench.run(
      ['sh', '-c', script],
      { mounts: [{ type: 'bind', source: shared, target: '/mnt/a', readonly: false }] },
      { signal: controller.signal, stdout: () => controller.abort(new Error('stop')) },
    );
    const error = await t.throwsAsync(run);
    t.like(error, { code: 'CANCELLED' });
    t.deepEqual(findProcesses(marker), []);
    t.deepEqual(mountsIn(bench.directory), []);
    t.deepEqual(readdirSync(shared), ['asked']);
  });

  check('an abort before and at the very start', async (t, bench) => {
    const marker = newMarker();
    t.like(await t.throwsAsync(bench.run(['sleep', marker], {}, { signal: AbortSignal.abort() })), {
      code: 'CANCELLED',
    });
    for (const delay of [0, 5, 15, 30]) {
      const signal = AbortSignal.timeout(delay);
      t.like(await t.throwsAsync(bench.run(['sleep', marker], {}, { signal })), { code: 'CANCELLED' });
      t.deepEqual(findProcesses(marker), [], `after ${delay} ms`);
    }
  });

  check('an error in the reader of the output ends the RUN', async (t, bench) => {
    const marker = newMarker();
    const fail = (): never => {
      throw new Error('disk full');
    };
    await t.throwsAsync(bench.run(['sh', '-c', `echo x; sleep ${marker}`], {}, { stdout: fail }), {
      message: 'disk full',
    });
    t.deepEqual(findProcesses(marker), []);
  });

  for (const uid of [0, 1000]) {
    check(`kill -9 of varve during a RUN of user ${uid} leaves no process, mount or cgroup`, async (t, bench) => {
      const marker = newMarker();
      const program = new URL('../sandbox/support/run-forever.ts', import.meta.url).pathname;
      const child = spawn(process.execPath, [program, rung, bench.directory, marker, String(uid)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') break;
      t.true(findProcesses(marker).length >= 2);
      const cgroups = cgroupsOf(findProcesses(marker).map(({ pid }) => String(pid)));
      const seen = mountsIn(bench.directory);
      t.is(seen.length > 0, rung !== 'chroot', 'nothing is mounted for a chroot');
      child.kill('SIGKILL');
      await until(t, () => findProcesses(marker).length === 0);
      await until(t, () => mountsIn(bench.directory).length === 0);
      await until(t, () => cgroups.every((path) => !existsSync(path)));
    });
  }
}

/** An argument for sleep that no other process has: about a day. */
function newMarker(): string {
  return `9${process.pid}.${Math.floor(Math.random() * 1e9)}`;
}

/** Mount points under a directory in the mount namespace of any process. */
function mountsIn(directory: string): string[] {
  const found = new Set<string>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      for (const line of readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n')) {
        const point = line.split(' ')[4];
        if (point?.startsWith(directory)) found.add(point);
      }
    } catch {
      // ended meanwhile
    }
  }
  return [...found];
}

/** The directories of the processes' cgroups, without those that this process is in too. */
function cgroupsOf(pids: readonly string[]): string[] {
  const own = new Set(cgroupsIn('self'));
  return [...new Set(pids.flatMap(cgroupsIn))].filter((path) => !own.has(path));
}

/** @see https://man7.org/linux/man-pages/man7/cgroups.7.html /proc/pid/cgroup */
function cgroupsIn(pid: string): string[] {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trimEnd().split('\n');
  return lines.flatMap((line) => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const mounts = ['', 'unified', controllers, controllers.replace(/^name=/, '')];
    return mounts.map((mount) => join('/sys/fs/cgroup', mount, path)).filter((each) => existsSync(each));
  });
}

async function until(t: ExecutionContext, done: () => boolean): Promise<void> {
  const end = performance.now() + LONGEST_WAIT_MS;
  while (!done() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  t.true(done());
}
