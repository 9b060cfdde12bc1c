import test from 'ava';
import { parseMountinfo } from '../../src/io/mountinfo.ts';
import { cgroupMountPoints, idMapFacts, isProcWhole } from '../../src/sandbox/host-facts.ts';

test('id maps', (t) => {
  const facts = (map: string, setgroups = 'allow') => Object.values(idMapFacts(map, setgroups));
  // inUserNamespace, canSetGroups, fullIdMap
  t.deepEqual(facts('         0          0 4294967295\n'), [false, true, true]);
  t.deepEqual(facts('0 1000 1\n1 100000 65536\n'), [true, true, true]);
  t.deepEqual(facts('1 100000 65536\n0 1000 1\n'), [true, true, true]);
  t.deepEqual(facts('0 1000 1\n', 'deny\n'), [true, false, false]);
  t.deepEqual(facts('0 1000 1\n2 100000 65536\n'), [true, true, false]);
  t.deepEqual(facts('0 65536 65536\n'), [true, true, true]);
  t.deepEqual(facts(''), [false, true, true]);
});

test('cgroup mounts', (t) => {
  const mountinfo = [
    '24 1 0:22 / /sys rw - sysfs sysfs rw',
    '30 24 0:27 / /sys/fs/cgroup ro shared:4 - tmpfs tmpfs ro',
    '31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:5 - cgroup cgroup rw,cpu,cpuacct',
    '32 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
    '',
  ].join('\n');
  t.deepEqual(cgroupMountPoints(parseMountinfo(mountinfo)), ['/sys/fs/cgroup/cpu,cpuacct', '/sys/fs/cgroup/unified']);
  t.deepEqual(cgroupMountPoints([]), []);
});

test('/proc is whole when nothing hides a part of it', (t) => {
  const proc = '40 1 0:5 / /proc rw,nosuid - proc proc rw';
  t.true(isProcWhole(parseMountinfo(proc)));
  t.true(isProcWhole(parseMountinfo(`${proc}\n41 40 0:6 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw`)));
  t.false(isProcWhole(parseMountinfo(`${proc}\n41 40 0:7 /null /proc/kcore rw - devtmpfs devtmpfs rw`)));
  t.false(isProcWhole(parseMountinfo(`${proc}\n41 40 0:5 /sys /proc/sys ro - proc proc rw`)));
  t.false(isProcWhole(parseMountinfo(proc.replace('rw,', 'ro,'))));
  t.false(isProcWhole([]));
});
