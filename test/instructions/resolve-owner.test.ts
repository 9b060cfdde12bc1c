import test from 'ava';
import { ownerNeedsFiles, resolveOwner } from '../../src/instructions/resolve-owner.ts';

const files = {
  passwd: Buffer.from(
    'root:x:0:0::/root:/bin/sh\n\n app:x:1000:1001::/home/app:/bin/sh \nodd:x:no:\napp:x:7:7::/:/x\n',
  ),
  group: Buffer.from('root:x:0:\nstaff:x:50:app\n'),
};

test('a number is the user and, alone, the group too', (t) => {
  t.deepEqual(resolveOwner('1234', files), { uid: 1234, gid: 1234, unknown: [] });
  t.deepEqual(resolveOwner('1234:5', files), { uid: 1234, gid: 5, unknown: [] });
  t.deepEqual(resolveOwner('0', {}), { uid: 0, gid: 0, unknown: [] });
});

test('a name takes its ids from the first line of passwd that has it', (t) => {
  t.deepEqual(resolveOwner('app', files), { uid: 1000, gid: 1001, unknown: [] });
  t.deepEqual(resolveOwner('app:staff', files), { uid: 1000, gid: 50, unknown: [] });
  t.deepEqual(resolveOwner('app:0', files), { uid: 1000, gid: 0, unknown: [] });
  t.deepEqual(resolveOwner('app:', files), { uid: 1000, gid: 1001, unknown: [] });
  t.deepEqual(resolveOwner('odd', files), { uid: 0, gid: 0, unknown: [] });
});

test('root needs no file, as user and as group', (t) => {
  t.deepEqual(resolveOwner('root:root', {}), { uid: 0, gid: 0, unknown: [] });
  t.deepEqual(resolveOwner('5:root', {}), { uid: 5, gid: 0, unknown: [] });
});

test('an unknown name counts as 0 and is told', (t) => {
  t.deepEqual(resolveOwner('ghost', files), { uid: 0, gid: 0, unknown: ['ghost'] });
  t.deepEqual(resolveOwner('nobody', {}), { uid: 0, gid: 0, unknown: ['nobody'] });
  t.deepEqual(resolveOwner('app:ghosts', files), { uid: 1000, gid: 1001, unknown: ['ghosts'] }, 'the group stays');
  t.deepEqual(resolveOwner('ghost:staff', files), { uid: 0, gid: 50, unknown: ['ghost'] });
});

test('a number that is no id is refused', (t) => {
  for (const spec of ['-1', '4294967295', '1:99999999999']) {
    const error = t.throws(() => resolveOwner(spec, {}), { code: 'CHOWN_INVALID' });
    t.true(error?.message.includes(spec));
  }
});

test('the files are needed for names only', (t) => {
  for (const spec of ['1', '1:2', 'root', 'root:0', '5:']) t.false(ownerNeedsFiles(spec), spec);
  for (const spec of ['app', '1:staff', 'app:1', 'root:wheel']) t.true(ownerNeedsFiles(spec), spec);
});
