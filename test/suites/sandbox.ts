import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import koffi from 'koffi';
import {
  cannotRun,
  listAll,
  openBench,
  rungDeps,
  type SandboxBench,
  upperOf,
} from '../sandbox/support/sandbox-bench.ts';
import { notRun } from '../support/not-run.ts';

/** Docker's 14 default capabilities. */
const DEFAULT_CAPABILITIES = '00000000a80425fb';

export function withBench(rung: string) {
  return (title: string, body: (t: ExecutionContext, bench: SandboxBench) => Promise<void>): void => {
    test(`${rung}: ${title}`, async (t) => {
      const reason = cannotRun();
      if (reason) {
        notRun(t, reason);
        return;
      }
      using bench = openBench(rung);
      await body(t, bench);
    });
  };
}

/** What a RUN sees and gives, whatever isolates it. @param rung `namespaces`, `runc` or `crun` */
export function sandboxSuite(rung: string): void {
  const check = withBench(rung);

  check('the environment is the given one, whatever bytes it has', async (t, bench) => {
    const env = [
      'PATH=/bin',
      'HOME=/x',
      'A=b c',
      'Q=\'"$HOME`\\',
      'LINES=1\n2\n\n',
      'E=',
      'U=\u00e9\u{1F600}',
      '-u=1',
      'X.Y=z',
    ];
    const { stdout } = await bench.run(['cat', '/proc/self/environ'], { env });
    t.deepEqual(stdout.split('\0').filter(Boolean).sort(), [...env].sort());
  });

  check(
    'what varve has open is not open in the command: files that exec would keep, as LevelDB opens them',
    async (t, bench) => {
      const path = `${bench.makeDirectory()}/kept`;
      writeFileSync(path, '');
      const fd = openSync(path, 'r+');
      t.teardown(() => closeSync(fd));
      // Node opens files to be closed by exec.
      koffi.load(null).func('int fcntl(int fd, int command, ...)')(fd, 2, 'int', 0);
      const { stdout } = await bench.run([
        'sh',
        '-c',
        'cd /proc/self/fd; for fd in *; do readlink $fd; done; echo > $0',
        `/proc/self/fd/${fd}`,
      ]);
      t.notRegex(stdout, /kept/);
      t.is(readFileSync(path, 'utf8'), '');
    },
  );

  check('variables that a dynamic loader acts on reach the command only', async (t, bench) => {
    const evil = [
      'PATH=/bin',
      'HOME=/x',
      'LD_PRELOAD=/nowhere.so',
      'LD_DEBUG=all',
      'LD_SHOW_AUXV=1',
      'GLIBC_TUNABLES=x',
    ];
    const { stdout, stderr, exitCode } = await bench.run(['cat', '/proc/self/environ'], { env: evil });
    t.deepEqual([exitCode, stderr], [0, '']);
    t.deepEqual(stdout.split('\0').filter(Boolean).sort(), [...evil].sort());
    const status = await bench.run(['cat', '/proc/self/status'], { env: evil, user: { uid: 7, gid: 8, groups: [9] } });
    t.regex(status.stdout, /^SigIgn:\s0+$/m);
    t.regex(status.stdout, /^Uid:\s7\s7\s7\s7$/m);
    t.regex(status.stdout, new RegExp(`^CapBnd:\\s${DEFAULT_CAPABILITIES}$`, 'm'));
    const absent = await bench.run(['foo'], { env: evil });
    t.deepEqual([absent.exitCode, absent.stderr], [127, 'exec: "foo": not found\n']);
  });

  check('arguments keep every byte', async (t, bench) => {
    const args = [
      '',
      ' ',
      "'",
      '"',
      '\\',
      '$HOME',
      '`id`',
      'a\nb\n',
      '*',
      '-x',
      '--',
      '\u00e9\u{1F600}',
      '%s\\n',
      '=',
      'a=b',
    ];
    const { stdout } = await bench.run(['sh', '-c', 'printf "<%s>" "$@"', 'sh', ...args]);
    t.is(stdout, args.map((arg) => `<${arg}>`).join(''));
  });

  check('working directory, hostname, umask, standard input', async (t, bench) => {
    const { stdout } = await bench.run(['sh', '-c', 'pwd; hostname; umask; wc -c'], { cwd: '/home/user' });
    t.is(stdout, '/home/user\nbuildkitsandbox\n0022\n0\n');
  });

  check('user, group and supplementary groups', async (t, bench) => {
    const user = { uid: 1000, gid: 1000, groups: [2000, 5] };
    const { stdout } = await bench.run(['sh', '-c', 'id -u; id -g; id -G; : > /tmp/mine; stat -c %u:%g /tmp/mine'], {
      user,
    });
    const [uid, gid, groups, owner] = stdout.split('\n');
    t.deepEqual([uid, gid, owner], ['1000', '1000', '1000:1000']);
    t.deepEqual(groups?.split(' ').map(Number).sort(), [1000, 2000, 5].sort());
    const denied = await bench.run(['sh', '-c', ': > /etc/new'], { user });
    t.not(denied.exitCode, 0);
    t.deepEqual(listAll(denied.upper), []);
    t.is((await bench.run(['id', '-G'])).stdout, '0\n');
  });

  check('exit codes', async (t, bench) => {
    const codes = [];
    for (const code of [0, 1, 42, 125, 255]) codes.push((await bench.run(['sh', '-c', `exit ${code}`])).exitCode);
    t.deepEqual(codes, [0, 1, 42, 125, 255]);
    t.is((await bench.run(['sh', '-c', "sh -c 'kill -TERM $$'; exit $?"])).exitCode, 143);
  });

  check('a command killed from outside ends with 128 + n', async (t, bench) => {
    const marker = `${process.pid}${Math.floor(performance.now())}`;
    const run = bench.run(['sleep', marker], {}, {});
    const { findProcesses } = await import('../sandbox/support/find-processes.ts');
    let pid: number | undefined;
    while (pid === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      // The launchers have it in their arguments too; the command has nothing else.
      pid = findProcesses(marker).find(({ argv }) => argv.length === 2 && argv[0] === 'sleep')?.pid;
    }
    process.kill(pid, 'SIGKILL');
    t.is((await run).exitCode, 137);
  });

  check('what cannot be executed: 127 and 126, and why', async (t, bench) => {
    const absent = await bench.run(['foo', 'x']);
    t.deepEqual([absent.exitCode, absent.stdout, absent.stderr], [127, '', 'exec: "foo": not found\n']);
    t.is((await bench.run(['/bin/foo'])).exitCode, 127);
    const denied = await bench.run(['/not-executable']);
    t.is(denied.exitCode, 126);
    t.regex(denied.stderr, /^exec: "\/not-executable": permission denied\n$/i);
    const own = await bench.run(['sh', '-c', 'foo']);
    t.deepEqual([own.exitCode, own.stderr], [127, 'sh: foo: not found\n']);
  });

  check('a working directory that is not there is an error, and is not made', async (t, bench) => {
    const spec = bench.makeSpec(['true'], { cwd: '/nowhere' });
    const error = await t.throwsAsync(bench.sandbox.run(spec, { stdout: () => {}, stderr: () => {} }));
    t.like(error, { code: 'SANDBOX_SETUP' });
    t.regex(error?.message ?? '', /\/nowhere/);
    t.deepEqual(listAll(upperOf(spec)), []);
  });

  check("a tool that a RUN uses may fail in the launcher's words", async (t, bench) => {
    const { exitCode, stderr } = await bench.run(['sh', '-c', 'echo "unshare: failed to execute x" >&2; exit 127']);
    t.deepEqual([exitCode, stderr], [127, 'unshare: failed to execute x\n']);
  });

  check('output is streamed, and the two streams stay apart', async (t, bench) => {
    const events: string[] = [];
    const script = 'echo out; echo err >&2; until [ -e /mnt/a/go ]; do sleep 0.02; done; echo end';
    const shared = bench.makeDirectory();
    const { writeFileSync } = await import('node:fs');
    const add = (name: string) => (chunk: Buffer) => {
      events.push(`${name} ${chunk}`);
      // The command ends only because both chunks came while it ran.
      if (events.length === 2) writeFileSync(`${shared}/go`, '');
    };
    await bench.run(
      ['sh', '-c', script],
      { mounts: [{ type: 'bind', source: shared, target: '/mnt/a', readonly: false }] },
      { stdout: add('1'), stderr: add('2') },
    );
    t.deepEqual(events.slice(0, 2).sort(), ['1 out\n', '2 err\n']);
    t.deepEqual(events.slice(2), ['1 end\n']);
  });

  check('64 MiB of output arrive whole', async (t, bench) => {
    let bytes = 0;
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
    };
    await bench.run(['dd', 'if=/dev/zero', 'bs=1M', 'count=64'], {}, { stdout: count });
    t.is(bytes, 64 * 1024 * 1024);
  });

  check("capabilities are Docker's, new privileges are possible", async (t, bench) => {
    const { stdout } = await bench.run(['cat', '/proc/self/status']);
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) {
      t.regex(stdout, new RegExp(`^${set}:\\s${DEFAULT_CAPABILITIES}$`, 'm'));
    }
    t.regex(stdout, /^CapInh:\s0+$/m);
    t.regex(stdout, /^NoNewPrivs:\s0$/m);
    const user = { uid: 1000, gid: 1000, groups: [] };
    const plain = await bench.run(['cat', '/proc/self/status'], { user });
    t.regex(plain.stdout, /^CapEff:\s0+$/m);
    t.is((await bench.run(['su', '-c', 'id -u', 'root'], { user })).stdout, '0\n');
  });

  check('without network there is only loopback', async (t, bench) => {
    const { stdout } = await bench.run(['sh', '-c', 'cat /proc/net/dev; ifconfig lo; ls /sys/class/net'], {
      network: 'none',
    });
    const devices = [...stdout.matchAll(/^\s*(\S+):\s+\d/gm)].map(([, name]) => name);
    t.deepEqual(devices, ['lo']);
    t.regex(stdout, /\bUP\b/);
    t.regex(stdout, /\nlo\n$/);
  });

  check('the command is pid 1 and sees nobody else; the machine cannot be reached', async (t, bench) => {
    const { stdout } = await bench.run(['sh', '-c', 'echo $$; echo /proc/[0-9]*; ls /../../..; ls /proc/1/root/']);
    const [pid, pids, ...names] = stdout.trim().split('\n');
    t.is(pid, '1');
    t.is(pids, '/proc/1');
    const half = names.length / 2;
    t.deepEqual(names.slice(0, half), names.slice(half));
    t.true(names.includes('not-executable'));
    // A second chroot, then out through "..": the way out of a plain chroot.
    const breakOut =
      'mkdir /tmp/x; cp /bin/busybox /tmp/x; cd /; exec /bin/busybox chroot /tmp/x /busybox ls ../../../..';
    t.is((await bench.run(['sh', '-c', breakOut])).stdout, 'busybox\n');
  });

  check('a device file can be made and committed, but not opened', async (t, bench) => {
    const make =
      'mknod /n c 1 3 && mknod /dev/n c 1 3 && mknod /tmp/b b 254 0; for f in /n /dev/n /tmp/b; do (: < $f) || echo no; done';
    const { stdout, upper } = await bench.run(['sh', '-c', make]);
    t.is(stdout, 'no\nno\nno\n');
    // The kernel lets nobody make one in a user namespace.
    t.deepEqual(listAll(upper), rungDeps().facts.inUserNamespace ? [] : ['n', 'tmp', 'tmp/b']);
  });

  check('/proc and /sys give nothing away', async (t, bench) => {
    const script = [
      'wc -c < /proc/kcore 2>/dev/null || echo 0',
      'wc -c < /proc/keys',
      'ls /sys/firmware | wc -l',
      '(echo 1 > /proc/sys/vm/drop_caches) 2>/dev/null || echo no',
      '(echo h > /proc/sysrq-trigger) 2>/dev/null || echo no',
      '(mkdir /sys/fs/cgroup/x) 2>/dev/null || echo no',
    ].join('; ');
    t.is((await bench.run(['sh', '-c', script])).stdout, '0\n0\n0\nno\nno\nno\n');
  });

  check('the usual devices work', async (t, bench) => {
    const script =
      'echo x > /dev/null; head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c; echo a | cat /dev/stdin; ' +
      'ls /dev | tr "\\n" " "; : > /dev/shm/x && echo shm; [ -c /dev/ptmx ] && echo ptmx';
    const { stdout, upper } = await bench.run(['sh', '-c', script]);
    t.is(
      stdout,
      '3\n3\na\ncore fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero shm\nptmx\n',
    );
    t.deepEqual(listAll(upper), []);
  });
}
