import test from 'ava';
import { resolveUser, userNeedsFiles } from '../../src/sandbox/resolve-user.ts';

const passwd = `root:x:0:0:root:/root:/bin/bash
# comment
broken
bad:x:many:0::/bad:
  daemon:x:1:2:daemon:/usr/sbin:/usr/sbin/nologin
app:x:1000:1001:App,,,:/home/app:/bin/sh
app:x:5:5::/second:/bin/sh
nohome:x:7:7
1234:x:8:9::/digits:
${'x'.repeat(70000)}:x:1:1::/:
`;
const group = `root:x:0:
docker:x:999:other,app
audio:x:29:app
broken:x
odd:x:nine:app
app:x:1001:
last:x:30:app, daemon`;
const files = { passwd, group };

test('names and numbers', (t) => {
  t.deepEqual(resolveUser('', files), { uid: 0, gid: 0, groups: [], home: '/root', name: 'root' });
  t.deepEqual(resolveUser('app', files), {
    uid: 1000,
    gid: 1001,
    groups: [999, 29, 30],
    home: '/home/app',
    name: 'app',
  });
  t.deepEqual(resolveUser('1000', files), resolveUser('app', files));
  t.deepEqual(resolveUser('4242', files), { uid: 4242, gid: 0, groups: [] });
  t.deepEqual(resolveUser('daemon', files).groups, [30]);
  t.is(resolveUser('nohome', files).home, '/');
  // A number is an id even where a user has that name.
  t.deepEqual(resolveUser('1234', files), { uid: 1234, gid: 0, groups: [] });
});

test('a given group ends supplementary ones', (t) => {
  t.deepEqual(resolveUser('app:docker', files), { uid: 1000, gid: 999, groups: [], home: '/home/app', name: 'app' });
  t.deepEqual(resolveUser('app:77', files).gid, 77);
  t.deepEqual(resolveUser('5000:6000', files), { uid: 5000, gid: 6000, groups: [] });
  t.deepEqual(resolveUser(':docker', files).gid, 999);
  t.deepEqual(resolveUser('app:', files), resolveUser('app', files));
});

test('an image without files', (t) => {
  t.deepEqual(resolveUser('root', {}), { uid: 0, gid: 0, groups: [] });
  t.deepEqual(resolveUser('0:0', {}), { uid: 0, gid: 0, groups: [] });
  t.throws(() => resolveUser('app', {}), { code: 'UNKNOWN_USER' });
});

test('what is unknown or out of range', (t) => {
  const unknown = 'unable to find user nobody: no matching entries in passwd file';
  t.throws(() => resolveUser('nobody', files), { code: 'UNKNOWN_USER', message: unknown });
  t.throws(() => resolveUser('bad', files), { code: 'UNKNOWN_USER' });
  t.throws(() => resolveUser('x'.repeat(70000), files), { code: 'UNKNOWN_USER' });
  t.throws(() => resolveUser('app:nogroup', files), { code: 'UNKNOWN_GROUP', message: /unable to find group nogroup/ });
  t.throws(() => resolveUser('app:odd', files), { code: 'UNKNOWN_GROUP' });
  for (const spec of ['-1', '2147483648', '0:4294967295'])
    t.throws(() => resolveUser(spec, files), { code: 'USER_RANGE' });
});

test('root and pairs of numbers need no file; their ids are the same without any', (t) => {
  for (const spec of ['', '0', 'root', 'root:5', '5:6', '0:0']) {
    t.false(userNeedsFiles(spec), spec);
    const files = { passwd: 'root:x:0:0::/root:/bin/sh\nx:x:5:9::/:/bin/sh\n', group: 'x:x:6:\n' };
    const [bare, read] = [resolveUser(spec, {}), resolveUser(spec, files)];
    t.deepEqual([bare.uid, bare.gid], [read.uid, read.gid], spec);
  }
  for (const spec of ['5', 'app', 'app:5', '5:app', 'root:app', ':app']) t.true(userNeedsFiles(spec), spec);
});
