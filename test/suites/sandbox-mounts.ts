import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { SandboxMount } from '../../src/sandbox/sandbox.ts';
import {
  listAll,
  makeSandbox,
  rungDeps,
  type SandboxBench,
  TOOL_PATH,
  upperOf,
} from '../sandbox/support/sandbox-bench.ts';
import { withBench } from './sandbox.ts';

/** What a sandbox mounts, and that nothing of it is left in the layer. */
export function sandboxMountsSuite(rung: string): void {
  const check = withBench(rung);
  const fileIn = (bench: SandboxBench, content: string): string => {
    const path = `${bench.makeDirectory()}/file with space`;
    writeFileSync(path, content);
    return path;
  };

  check('mounts of all kinds, and an empty upper directory after true', async (t, bench) => {
    const mounts: SandboxMount[] = [
      { type: 'bind', source: fileIn(bench, 'nameserver 192.0.2.1\n'), target: '/etc/resolv.conf', readonly: true },
      { type: 'bind', source: fileIn(bench, '192.0.2.2 x\n'), target: '/etc/hosts', readonly: true },
      { type: 'bind', source: bench.makeDirectory(), target: '/mnt/a', readonly: false },
      { type: 'tmpfs', target: '/mnt/b' },
      overlay(bench, [bench.makeDirectory()], '/mnt/c'),
    ];
    for (const network of ['host', 'none'] as const) {
      const { exitCode, stderr, upper } = await bench.run(['true'], { mounts, network });
      t.deepEqual([exitCode, stderr, listAll(upper)], [0, '', []]);
    }
    const seen = await bench.run(
      ['sh', '-c', 'cat /etc/resolv.conf /etc/hosts; echo x > /mnt/b/x; echo x > /mnt/c/x'],
      {
        mounts,
      },
    );
    t.is(seen.stdout, 'nameserver 192.0.2.1\n192.0.2.2 x\n');
    t.deepEqual(listAll(seen.upper), []);
  });

  check('binds cost no process of their own', async (t, bench) => {
    const calls = `${bench.makeDirectory()}/calls`;
    const tools = bench.makeDirectory();
    const real = TOOL_PATH.split(':').find((directory) => existsSync(`${directory}/mount`));
    writeFileSync(`${tools}/mount`, `#!/bin/sh\necho "$*" >> ${calls}\nexec ${real}/mount "$@"\n`);
    chmodSync(`${tools}/mount`, 0o755);
    const counted = { ...bench, sandbox: makeSandbox(rung, rungDeps(`${tools}:${TOOL_PATH}`)) };
    const bind = (target: string): SandboxMount => {
      return { type: 'bind', source: fileIn(bench, target), target, readonly: true };
    };
    const processes = async (mounts: readonly SandboxMount[]): Promise<number> => {
      writeFileSync(calls, '');
      const spec = bench.makeSpec(['true'], { mounts });
      const { exitCode } = await counted.sandbox.run(spec, { stdout: () => {}, stderr: () => {} });
      t.is(exitCode, 0);
      return readFileSync(calls, 'utf8').trim().split('\n').length;
    };
    const none = await processes([]);
    t.is(none, rung === 'namespaces' ? 4 : 2);
    t.is(await processes([bind('/etc/resolv.conf'), bind('/etc/hosts')]), none);
    // What is not what it seems, or below another mount, has its turn.
    const below: SandboxMount[] = [{ type: 'tmpfs', target: '/mnt' }, bind('/mnt/file')];
    t.is(await processes([bind('/etc/hosts'), ...below]), none + 2);
  });

  check('a bind on a link of the root does not follow it to the machine', async (t, bench) => {
    symlinkSync('/etc/hosts', `${bench.lower}/etc/link`);
    const mounts: SandboxMount[] = [
      { type: 'bind', source: fileIn(bench, 'first'), target: '/etc/resolv.conf', readonly: true },
      { type: 'bind', source: fileIn(bench, 'second'), target: '/etc/link', readonly: true },
    ];
    const before = readFileSync('/etc/hosts', 'utf8');
    const { stdout, stderr } = await bench.run(['cat', '/etc/resolv.conf', '/etc/hosts'], { mounts });
    t.deepEqual([stdout, stderr], ['firstsecond', '']);
    t.is(readFileSync('/etc/hosts', 'utf8'), before);
  });

  check('a change and a deletion are in upper, nothing else', async (t, bench) => {
    const { upper } = await bench.run(['sh', '-c', 'echo new > /etc/new; rm /not-executable; rm -r /mnt; mkdir /mnt']);
    t.deepEqual(listAll(upper), ['etc', 'etc/new', 'mnt', 'not-executable']);
    const whiteout = statSync(`${upper}/not-executable`);
    t.true(whiteout.isCharacterDevice());
    t.is(whiteout.rdev, 0);
  });

  check('a bind is read-only or not, and writes go to its source', async (t, bench) => {
    const source = bench.makeDirectory();
    const bind = (readonly: boolean): SandboxMount[] => [{ type: 'bind', source, target: '/mnt/a', readonly }];
    const denied = await bench.run(['sh', '-c', 'echo x > /mnt/a/x'], { mounts: bind(true) });
    t.not(denied.exitCode, 0);
    t.deepEqual(readdirSync(source), []);
    const written = await bench.run(['sh', '-c', 'echo x > /mnt/a/x'], { mounts: bind(false) });
    t.is(written.exitCode, 0);
    t.is(readFileSync(`${source}/x`, 'utf8'), 'x\n');
    const node = await bench.run(['sh', '-c', 'mknod /mnt/a/n c 1 3; : < /mnt/a/n'], { mounts: bind(false) });
    t.not(node.exitCode, 0);
  });

  check('a tmpfs has its size and mode', async (t, bench) => {
    const mounts: SandboxMount[] = [{ type: 'tmpfs', target: '/mnt/a', sizeBytes: 1024 * 1024, mode: 0o700 }];
    const script = 'stat -c %a /mnt/a; dd if=/dev/zero of=/mnt/a/f bs=1k count=4096 2>/dev/null; stat -c %s /mnt/a/f';
    const { stdout, upper } = await bench.run(['sh', '-c', script], { mounts });
    t.is(stdout, '700\n1048576\n');
    t.deepEqual(listAll(upper), []);
  });

  check('what is written to an overlay is gone', async (t, bench) => {
    const source = bench.makeDirectory();
    writeFileSync(`${source}/kept`, 'old');
    const mounts = [
      overlay(bench, [source], '/mnt/a'),
      overlay(bench, [source], '/etc/hosts', { path: 'kept', kind: 'file' }),
    ];
    const script =
      'echo new > /mnt/a/kept; echo new > /mnt/a/more; cat /mnt/a/kept /etc/hosts; echo h > /etc/hosts; cat /etc/hosts';
    const { stdout, upper } = await bench.run(['sh', '-c', script], { mounts });
    t.is(stdout, 'new\noldh\n');
    t.deepEqual(readdirSync(source), ['kept']);
    t.is(readFileSync(`${source}/kept`, 'utf8'), 'old');
    t.deepEqual(listAll(upper), []);
  });

  check('an overlay of many directories, a part of it, read-only', async (t, bench) => {
    const lower = Array.from({ length: 100 }, (_, i) => {
      const directory = bench.makeDirectory();
      mkdirSync(Buffer.from(`${directory}/odd \xff`, 'latin1'));
      writeFileSync(Buffer.from(`${directory}/odd \xff/${i}`, 'latin1'), '');
      writeFileSync(Buffer.from(`${directory}/odd \xff/top`, 'latin1'), String(i));
      return directory;
    });
    const mounts = [overlay(bench, lower, '/mnt/a', { path: 'odd \xff', readonly: true })];
    const script = 'ls /mnt/a | wc -l; cat /mnt/a/top; (: > /mnt/a/x) 2>/dev/null || echo no';
    const { stdout, upper } = await bench.run(['sh', '-c', script], { mounts });
    t.is(stdout, '101\n0no\n');
    t.deepEqual(listAll(upper), []);
  });

  check('a tmpfs may be read-only', async (t, bench) => {
    const mounts: SandboxMount[] = [{ type: 'tmpfs', target: '/mnt/a', readonly: true }];
    t.is((await bench.run(['sh', '-c', '(: > /mnt/a/x) 2>/dev/null || echo no'], { mounts })).stdout, 'no\n');
  });

  check('targets of any bytes, below other mounts and below /dev', async (t, bench) => {
    const source = bench.makeDirectory();
    writeFileSync(`${source}/s`, 'seen\n');
    mkdirSync(Buffer.from(`${bench.lower}/odd \xff\n'"\\$x`, 'latin1'));
    const outer = bench.makeDirectory();
    const bind = (target: string, from = source): SandboxMount => ({
      type: 'bind',
      source: from,
      target,
      readonly: true,
    });
    const mounts: SandboxMount[] = [
      bind('/odd \xff\n\'"\\$x'),
      bind('/dev/pipes'),
      bind('/dev/one/file', `${source}/s`),
      { type: 'bind', source: outer, target: '/mnt/a', readonly: false },
      bind('/mnt/a/inner/deep'),
    ];
    const script = 'cat /odd*/s /dev/pipes/s /dev/one/file /mnt/a/inner/deep/s';
    const { stdout, stderr, upper } = await bench.run(['sh', '-c', script], { mounts });
    t.deepEqual([stdout, stderr], ['seen\n'.repeat(4), '']);
    t.deepEqual(listAll(upper), []);
    // As in Docker, the mount point is made in the outer mount's source.
    t.deepEqual(listAll(outer), ['inner', 'inner/deep']);
  });

  check('a symbolic link in a target leads to the rootfs, not to the machine', async (t, bench) => {
    const source = bench.makeDirectory();
    writeFileSync(`${source}/s`, 'seen\n');
    const mounts: SandboxMount[] = [{ type: 'bind', source, target: '/link-to-a', readonly: true }];
    const { stdout } = await bench.run(['sh', '-c', 'cat /mnt/a/s; readlink /link-to-a'], { mounts });
    t.is(stdout, 'seen\n/mnt/a\n');
  });

  check('a mount that cannot be is refused by name', async (t, bench) => {
    const source = bench.makeDirectory();
    const io = { stdout: () => {}, stderr: () => {} };
    const refused = async (target: string, code: string, words: RegExp, from = source): Promise<void> => {
      const spec = bench.makeSpec(['true'], { mounts: [{ type: 'bind', source: from, target, readonly: true }] });
      const error = await t.throwsAsync(bench.sandbox.run(spec, io), { message: words }, target);
      t.like(error, { code });
      t.deepEqual(listAll(upperOf(spec)), []);
    };
    await refused('/absent', 'SANDBOX_SETUP', /mount target \/absent does not exist/);
    for (const target of ['/', '//.', 'relative', '/a/../b', '/proc/x', '/sys', '/a\0b']) {
      await refused(target, 'SANDBOX_MOUNT', /mount target/);
    }
    await refused('/mnt/a', 'SANDBOX_MOUNT', /source .*nowhere does not exist/, `${source}/nowhere`);
  });

  check('130 lower directories', async (t, bench) => {
    const lower = [bench.lower];
    for (let i = 0; i < 129; i++) {
      const path = `${bench.makeDirectory()}/a-rather-long-name-with,comma:colon and a blank so that options overflow`;
      mkdirSync(path);
      writeFileSync(`${path}/file-${i}`, '');
      writeFileSync(`${path}/top`, String(i));
      lower.unshift(path);
    }
    const spec = bench.makeSpec([]);
    const { stdout } = await bench.run(['sh', '-c', 'ls / | grep -c ^file-; cat /top'], {
      rootfs: { ...spec.rootfs, lower },
    });
    t.is(stdout, '129\n128');
  });
}

function overlay(
  bench: SandboxBench,
  lower: readonly string[],
  target: string,
  more: Partial<Extract<SandboxMount, { type: 'overlay' }>> = {},
): SandboxMount {
  const [upper, work] = [bench.makeDirectory(), bench.makeDirectory()];
  return { type: 'overlay', lower, path: '', kind: 'dir', target, upper, work, readonly: false, ...more };
}
