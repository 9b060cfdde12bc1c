import { execFileSync } from 'node:child_process';
import test from 'ava';
import { DEFAULT_CAPABILITIES } from '../../src/sandbox/capabilities.ts';
import { defaultSeccompProfile } from '../../src/sandbox/seccomp-profile.ts';
import { notRun } from '../support/not-run.ts';
import { cannotRun, openBench } from './support/sandbox-bench.ts';

test('the table: allowed, refused, and refused as if unknown', (t) => {
  const { syscalls, architectures, defaultAction } = defaultSeccompProfile('x64');
  const allowed = new Set(
    syscalls.filter(({ action, args }) => action === 'SCMP_ACT_ALLOW' && !args).flatMap((r) => r.names),
  );
  t.is(defaultAction, 'SCMP_ACT_ERRNO');
  for (const name of ['read', 'execve', 'ptrace', 'chroot', 'fchmodat2', 'landlock_create_ruleset', 'arch_prctl']) {
    t.true(allowed.has(name), name);
  }
  for (const name of [
    'mount',
    'unshare',
    'setns',
    'bpf',
    'keyctl',
    'add_key',
    'io_uring_setup',
    'userfaultfd',
    'kexec_load',
  ]) {
    t.false(allowed.has(name), name);
  }
  t.deepEqual(architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
  t.like(
    syscalls.find(({ names }) => names.includes('clone3')),
    { action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
  );
  t.is(
    new Set(allowed).size,
    syscalls.filter(({ args, action }) => !args && action === 'SCMP_ACT_ALLOW').flatMap((r) => r.names).length,
  );
});

test('other processors', (t) => {
  t.true(defaultSeccompProfile('arm64').syscalls[0]?.names.includes('cacheflush'));
  t.false(defaultSeccompProfile('arm64').syscalls[0]?.names.includes('modify_ldt'));
  const clone = defaultSeccompProfile('s390x').syscalls.find(({ names }) => names[0] === 'clone');
  t.is(clone?.args?.[0]?.index, 1);
  t.deepEqual(defaultSeccompProfile('loong64').architectures, []);
});

test("the default capabilities are Docker's mask", (t) => {
  const numbers: Readonly<Record<string, number>> = {
    CHOWN: 0,
    DAC_OVERRIDE: 1,
    FOWNER: 3,
    FSETID: 4,
    KILL: 5,
    SETGID: 6,
    SETUID: 7,
    SETPCAP: 8,
    NET_BIND_SERVICE: 10,
    NET_RAW: 13,
    SYS_CHROOT: 18,
    MKNOD: 27,
    AUDIT_WRITE: 29,
    SETFCAP: 31,
  };
  const mask = DEFAULT_CAPABILITIES.reduce((sum, name) => sum + 2 ** (numbers[name] ?? Number.NaN), 0);
  t.is(mask.toString(16), 'a80425fb');
});

test('the kernel takes it: a filter is on, and new namespaces are refused', async (t) => {
  const reason = cannotRun();
  if (reason) {
    notRun(t, reason);
    return;
  }
  t.regex(execFileSync('runc', ['--version'], { encoding: 'utf8' }), /runc/);
  using bench = openBench('runc');
  const script = 'grep ^Seccomp: /proc/self/status; busybox unshare -U true; echo $?; busybox unshare -m true; echo $?';
  const { stdout } = await bench.run(['sh', '-c', script]);
  t.deepEqual(
    stdout.split('\n').map((line) => line.trim()),
    ['Seccomp:\t2', '1', '1', ''],
  );
});
