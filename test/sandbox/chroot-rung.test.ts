import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { SandboxMount } from '../../src/sandbox/sandbox.ts';
import { withBench } from '../suites/sandbox.ts';
import { sandboxEndingSuite } from '../suites/sandbox-ending.ts';
import { findProcesses } from './support/find-processes.ts';
import type { SandboxBench } from './support/sandbox-bench.ts';

sandboxEndingSuite('chroot');

const check = withBench('chroot');

/** Every path with what a layer would have of it. */
function state(directory: string): string {
  return execFileSync('find', ['.', '-printf', '%p %y %m %U:%G %T@ %l\\n'], { cwd: directory, encoding: 'utf8' });
}

check('nothing is left of /dev and the mounts, and the directories around them have their times', async (t, bench) => {
  const spec = bench.makeSpec(
    ['sh', '-c', 'ls /dev; cat /etc/hosts; : > /dev/null; echo x > /dev/shm/x; : > /mnt/b/x'],
    {
      mounts: [
        { type: 'bind', source: fileIn(bench, '192.0.2.1 x\n'), target: '/etc/hosts', readonly: true },
        { type: 'tmpfs', target: '/mnt/b' },
        { type: 'bind', source: bench.makeDirectory(), target: '/dev/pipes', readonly: true },
      ],
    },
  );
  if (!('directory' in spec.rootfs)) throw new Error('not plain');
  const { directory } = spec.rootfs;
  writeFileSync(`${directory}/dev/old`, '');
  const before = state(directory);
  let stdout = '';
  const { exitCode } = await bench.sandbox.run(spec, { stdout: (chunk) => void (stdout += chunk), stderr: () => {} });
  t.is(exitCode, 0);
  const devices = 'fd full null pipes random shm stderr stdin stdout tty urandom zero'.split(' ').join('\n');
  t.is(stdout, `${devices}\n192.0.2.1 x\n`);
  t.is(state(directory), before);
});

for (const uid of [0, 1000]) {
  check(`what user ${uid} leaves that killed its keeper is killed before anything is cleaned`, async (t, bench) => {
    const marker = `7${process.pid}.${uid}`;
    const shared = bench.makeDirectory();
    chmodSync(shared, 0o777);
    const mounts: SandboxMount[] = [{ type: 'bind', source: shared, target: '/mnt/a', readonly: false }];
    // Another user cannot kill it, once it is root again. Until it has said that the command runs, its end is a failed start.
    const script = `(setsid sh -c "trap '' TERM HUP; while :; do echo x >> /mnt/a/x; sleep 0.01; : ${marker}; done") >/dev/null 2>&1 & until [ -s /mnt/a/x ]; do sleep 0.02; done; sleep 3; kill -9 $PPID; kill -HUP $PPID; sleep 3`;
    const user = { uid, gid: uid, groups: [] };
    const { exitCode } = await bench.run(['sh', '-c', script], { mounts, user });
    t.is(exitCode, uid === 0 ? 137 : 0);
    t.deepEqual(findProcesses(marker), []);
    const size = statSync(`${shared}/x`).size;
    await new Promise((resolve) => setTimeout(resolve, 100));
    t.is(statSync(`${shared}/x`).size, size);
  });
}

check('a command that moves a mount has no layer: what it shows would be in it', async (t, bench) => {
  const source = fileIn(bench, 'hidden');
  const mounts: SandboxMount[] = [
    { type: 'bind', source, target: '/mnt/a', readonly: true },
    { type: 'bind', source: fileIn(bench, '192.0.2.1 x\n'), target: '/etc/hosts', readonly: true },
  ];
  for (const [script, isRefused] of [
    ['cat /mnt/a', false],
    ['cp /etc/hosts /etc/h; mv /etc/h /etc/hosts', false],
    ['mv /mnt /gone', true],
    ['mv /mnt/a /gone', true],
    ['rm /mnt/a', true],
    ['cp /mnt/a /copy; mv /copy /mnt/a', true],
  ] as const) {
    const spec = bench.makeSpec(['sh', '-c', script], { mounts });
    using placed = bench.sandbox.place!(spec);
    t.is((await bench.sandbox.run(spec, { stdout: () => {}, stderr: () => {} })).exitCode, 0, script);
    if (isRefused) t.throws(() => placed.verify(), { code: 'SANDBOX_MOUNT' }, script);
    else t.notThrows(() => placed.verify(), script);
  }
});

check('the devices are devices', async (t, bench) => {
  const { stdout } = await bench.run([
    'sh',
    '-c',
    'echo x > /dev/null; stat -c %s /dev/null; head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c',
  ]);
  t.is(stdout, '0\n3\n3\n');
});

check('a writable mount is moved in and out, a read-only one is a copy', async (t, bench) => {
  const [shared, shown] = [bench.makeDirectory(), bench.makeDirectory()];
  writeFileSync(`${shown}/file`, 'old');
  const mounts: SandboxMount[] = [
    { type: 'bind', source: shared, target: '/mnt/a', readonly: false },
    { type: 'bind', source: shown, target: '/mnt/b', readonly: true },
    // Below another one, and not there.
    { type: 'bind', source: fileIn(bench, 'below'), target: '/mnt/a/sub/file', readonly: true },
  ];
  const script = 'echo x > /mnt/a/x; cat /mnt/a/sub/file; echo new > /mnt/b/file; chown 5:6 /mnt/a/x';
  const { stdout, stderr, upper } = await bench.run(['sh', '-c', script], { mounts });
  t.deepEqual([stdout, stderr], ['below', '']);
  t.is(readFileSync(`${shared}/x`, 'utf8'), 'x\n');
  t.is(statSync(`${shared}/x`).uid, 5);
  t.is(readFileSync(`${shown}/file`, 'utf8'), 'old');
  t.false(existsSync(`${upper}/mnt/a/x`));
});

check('a directory that becomes a link while it is a mount point leads nowhere', async (t, bench) => {
  const [shared, outside] = [bench.makeDirectory(), bench.makeDirectory()];
  mkdirSync(`${outside}/a`);
  writeFileSync(`${outside}/a/kept`, '');
  const mounts: SandboxMount[] = [{ type: 'bind', source: shared, target: '/mnt/a', readonly: false }];
  await bench.run(['sh', '-c', `mv /mnt /gone; ln -s ${outside} /mnt`], { mounts });
  t.true(existsSync(`${outside}/a/kept`));
  mounts[0] = { type: 'bind', source: bench.makeDirectory(), target: '/mnt/a', readonly: false };
  await bench.run(['sh', '-c', `rmdir /mnt/a; ln -s ${outside} /mnt/a`], { mounts });
  t.true(existsSync(`${outside}/a/kept`));
});

check('a mount on a link of the root stays in the root', async (t, bench) => {
  symlinkSync('/etc/target', `${bench.lower}/etc/link`);
  writeFileSync(`${bench.lower}/etc/target`, '');
  const mounts: SandboxMount[] = [{ type: 'bind', source: fileIn(bench, 'seen'), target: '/etc/link', readonly: true }];
  t.is((await bench.run(['cat', '/etc/target'], { mounts })).stdout, 'seen');
  t.false(existsSync('/etc/target'));
});

check('what needs a namespace is refused by name', async (t, bench) => {
  const none = await t.throwsAsync(bench.run(['true'], { network: 'none' }), { code: 'SANDBOX_UNSUPPORTED' });
  t.regex(none?.message ?? '', /RUN --network=none: the rung chroot/);
  const insecure = await t.throwsAsync(bench.run(['true'], { privileged: true }), { code: 'SANDBOX_UNSUPPORTED' });
  t.regex(insecure?.message ?? '', /--security=insecure/);
});

check('user, groups, umask, directory, environment, standard input', async (t, bench) => {
  const user = { uid: 1000, gid: 1000, groups: [2000] };
  const env = ['PATH=/bin', 'HOME=/x', 'LD_PRELOAD=/nowhere.so', 'A=b=c', 'Q=\'"$HOME`\\', 'E=', 'U=\u00e9'];
  const { stdout, stderr } = await bench.run(
    ['sh', '-c', 'id -u; id -g; id -G; umask; pwd; wc -c; env | grep -v -e ^PWD -e ^SHLVL | sort'],
    { user, env: [...env, 'LINES=1\n2'], cwd: '/home/user' },
  );
  t.is(stderr, '');
  const [uid, gid, groups, umask, directory, input, ...seen] = stdout.trimEnd().split('\n');
  t.deepEqual([uid, gid, umask, directory, input], ['1000', '1000', '0022', '/home/user', '0']);
  t.deepEqual(groups?.split(' ').map(Number).sort(), [1000, 2000].sort());
  t.deepEqual(seen, [...env, 'LINES=1', '2'].sort());
});

check('exit codes, and what cannot be executed', async (t, bench) => {
  const codes = [];
  for (const code of [0, 42, 125, 255]) codes.push((await bench.run(['sh', '-c', `exit ${code}`])).exitCode);
  t.deepEqual(codes, [0, 42, 125, 255]);
  t.is((await bench.run(['sh', '-c', 'kill -TERM $$'])).exitCode, 143);
  const absent = await bench.run(['foo', 'x']);
  t.deepEqual([absent.exitCode, absent.stdout, absent.stderr], [127, '', 'exec: "foo": not found\n']);
  const denied = await bench.run(['/not-executable']);
  t.deepEqual([denied.exitCode, denied.stderr], [126, 'exec: "/not-executable": Permission denied\n']);
  const error = await t.throwsAsync(bench.run(['true'], { cwd: '/nowhere' }), { code: 'SANDBOX_SETUP' });
  t.regex(error?.message ?? '', /cannot chdir to '\/nowhere'/);
});

check('ulimits hold for the command', async (t, bench) => {
  const rlimits = [
    { name: 'nofile', soft: 100, hard: 200 },
    { name: 'core', soft: 0, hard: undefined },
    { name: 'as', soft: 2 ** 28, hard: 2 ** 28 },
  ];
  const { stdout } = await bench.run(['sh', '-c', 'ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -Sv'], { rlimits });
  t.is(stdout, `100\n200\n0\n${2 ** 18}\n`);
});

check('the capabilities are the default ones without CAP_SYS_CHROOT, and there is no way out', async (t, bench) => {
  const { processStatus } = await statusOf(bench, { uid: 0, gid: 0, groups: [] });
  // a80425fb without bit 18.
  for (const set of ['CapPrm', 'CapEff', 'CapBnd'])
    t.regex(processStatus, new RegExp(`^${set}:\\s00000000a80025fb$`, 'm'));
  t.regex(processStatus, /^CapInh:\s0+$/m);
  t.regex(processStatus, /^NoNewPrivs:\s0$/m);
  t.regex((await statusOf(bench, { uid: 1000, gid: 1000, groups: [] })).processStatus, /^CapEff:\s0+$/m);
  const out = await bench.run(['sh', '-c', 'mkdir /x; exec /bin/busybox chroot /x /bin/sh -c true']);
  t.regex(out.stderr, /Operation not permitted/);
  const user = { uid: 1000, gid: 1000, groups: [] };
  t.is((await bench.run(['su', '-c', 'id -u', 'root'], { user })).stdout, '0\n', 'su works');
});

check('no descriptor of varve is open in the command, and zombies are reaped', async (t, bench) => {
  const { descriptors } = await statusOf(bench, { uid: 0, gid: 0, groups: [] });
  t.deepEqual(descriptors, ['0', '1', '2']);
  const script = 'i=0; while [ $i -lt 20 ]; do (sh -c "sleep 0.01" &); i=$((i+1)); done; echo ready; sleep 0.5';
  const { stdout } = await bench.run(['sh', '-c', script]);
  t.is(stdout, 'ready\n');
});

/** What the machine's /proc says of a command while it runs. */
async function statusOf(bench: SandboxBench, user: { uid: number; gid: number; groups: number[] }) {
  const shared = bench.makeDirectory();
  const marker = `9${process.pid}.${Math.floor(Math.random() * 1e9)}`;
  const { findProcesses } = await import('./support/find-processes.ts');
  let processStatus = '';
  let descriptors: string[] = [];
  const controller = new AbortController();
  const run = bench.run(
    ['sh', '-c', `echo ready; exec sleep ${marker}`],
    { user },
    {
      signal: controller.signal,
      stdout: () => {
        void (async () => {
          let pid: number | undefined;
          while (pid === undefined) {
            await new Promise((resolve) => setTimeout(resolve, 10));
            pid = findProcesses(marker).find(({ argv }) => argv[0] === 'sleep')?.pid;
          }
          processStatus = readFileSync(`/proc/${pid}/status`, 'utf8');
          descriptors = execFileSync('ls', [`/proc/${pid}/fd`], { encoding: 'utf8' })
            .trim()
            .split('\n');
          controller.abort();
        })();
      },
    },
  );
  await run.catch(() => {});
  lstatSync(shared);
  return { processStatus, descriptors };
}

function fileIn(bench: SandboxBench, content: string): string {
  const path = `${bench.makeDirectory()}/file with space`;
  writeFileSync(path, content);
  return path;
}
