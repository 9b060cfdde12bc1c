import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { listAll } from '../sandbox/support/sandbox-bench.ts';
import { withBench } from './sandbox.ts';

/** What a build may ask of a RUN: rlimits, the size of /dev/shm, privileges. */
export function sandboxSettingsSuite(rung: string): void {
  const check = withBench(rung);

  check('rlimits', async (t, bench) => {
    const rlimits = [
      { name: 'nofile', soft: 100, hard: 200 },
      { name: 'core', soft: 0, hard: undefined },
      { name: 'fsize', soft: undefined, hard: undefined },
    ];
    for (const env of [['PATH=/bin'], ['PATH=/bin', 'LD_X=1']]) {
      const { stdout, stderr } = await bench.run(['cat', '/proc/self/limits'], { rlimits, env });
      t.is(stderr, '');
      t.regex(stdout, /^Max open files\s+100\s+200 /m);
      t.regex(stdout, /^Max core file size\s+0\s+unlimited /m);
      t.regex(stdout, /^Max file size\s+unlimited\s+unlimited /m);
    }
  });

  check('an rlimit that cannot be set is an error of the sandbox', async (t, bench) => {
    // More than /proc/sys/fs/nr_open.
    const rlimits = [{ name: 'nofile', soft: 2 ** 40, hard: 2 ** 40 }];
    const error = await t.throwsAsync(bench.run(['true'], { rlimits }));
    t.like(error, { code: 'SANDBOX_SETUP' });
    t.regex(error?.message ?? '', /rlimit|resource limit/i);
  });

  check('a secret in the environment is in no command line while the command runs', async (t, bench) => {
    const secret = `only-in-the-environment-${process.pid}`;
    const shared = bench.makeDirectory();
    const mount = { type: 'bind', source: shared, target: '/mnt/a', readonly: true } as const;
    const more = { env: ['PATH=/bin', `TOKEN=${secret}`], hasSecretEnv: true, mounts: [mount] };
    const said: string[] = [];
    let lines: string[] = [];
    const stdout = (chunk: Buffer): void => {
      if (said.length === 0) lines = commandLines();
      writeFileSync(`${shared}/go-on`, '');
      said.push(chunk.toString());
    };
    const { exitCode } = await bench.run(
      ['sh', '-c', 'echo begun; until [ -e /mnt/a/go-on ]; do sleep 0.02; done; echo $TOKEN'],
      more,
      { stdout },
    );
    t.is(exitCode, 0);
    t.is(said.join(''), `begun\n${secret}\n`);
    t.true(lines.some((line) => line.includes('echo begun')));
    t.false(lines.some((line) => line.includes(secret)));
  });

  check('the size of /dev/shm', async (t, bench) => {
    const sizeOf = async (shmSizeBytes?: number) =>
      (await bench.run(['grep', ' /dev/shm ', '/proc/mounts'], shmSizeBytes ? { shmSizeBytes } : {})).stdout;
    t.regex(await sizeOf(), /[ ,]size=65536k/);
    t.regex(await sizeOf(128 * 1024 * 1024), /[ ,]size=131072k/);
  });

  check('a privileged RUN has all that varve has', async (t, bench) => {
    const own = /^CapBnd:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    const status = await bench.run(['cat', '/proc/self/status'], { privileged: true });
    for (const set of ['CapPrm', 'CapEff', 'CapBnd'])
      t.is(new RegExp(`^${set}:\\s*(\\S+)$`, 'm').exec(status.stdout)?.[1], own);
    t.regex(status.stdout, /^Seccomp:\s0$/m);
    const script = [
      'mkdir /tmp/m; mount -t tmpfs x /tmp/m && echo mounted',
      'mknod /tmp/null c 1 3; : > /tmp/null && echo opened; rm /tmp/null',
      'grep -c " /proc/[a-z]" /proc/mounts',
      "grep -E '^(sysfs|proc) ' /proc/mounts | cut -d' ' -f2,4 | cut -c-8",
    ].join('; ');
    const { stdout, upper } = await bench.run(['sh', '-c', script], { privileged: true });
    t.deepEqual(stdout.trim().split('\n').sort(), ['/proc rw', '/sys rw,', '0', 'mounted', 'opened']);
    t.deepEqual(listAll(upper), ['tmp', 'tmp/m']);
    const plain = await bench.run(['sh', '-c', 'mount -t tmpfs x /mnt/a 2>/dev/null || echo no']);
    t.is(plain.stdout, 'no\n');
  });

  check('a privileged RUN may be an ordinary user', async (t, bench) => {
    const user = { uid: 1000, gid: 1000, groups: [] };
    const { stdout } = await bench.run(['cat', '/proc/self/status'], { privileged: true, user });
    t.regex(stdout, /^CapEff:\s0+$/m);
    t.regex(stdout, /^Uid:\s1000\s/m);
  });
}

/** Of all processes, as everybody may read them. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      } catch {
        return []; // gone meanwhile
      }
    });
}
