import test from 'ava';
import { hostsFile, resolvConf } from '../../src/sandbox/write-etc-files.ts';

test("resolv.conf is the machine's own, unless it names nobody", (t) => {
  const own = '# x\nnameserver 127.0.0.53\noptions edns0\nsearch example.org\n';
  t.is(resolvConf(own), own);
  t.is(resolvConf('nameserver 192.0.2.1'), 'nameserver 192.0.2.1\n');
  t.is(resolvConf(''), 'nameserver 8.8.8.8\nnameserver 8.8.4.4\n');
  t.is(
    resolvConf('# nameserver 192.0.2.1\nsearch a'),
    '# nameserver 192.0.2.1\nsearch a\nnameserver 8.8.8.8\nnameserver 8.8.4.4\n',
  );
});

test('hosts has loopback, the sandbox and what was added', (t) => {
  const lines = hostsFile('buildkitsandbox', [{ name: 'db', address: '192.0.2.7' }]).split('\n');
  t.true(lines.includes('127.0.0.1\tlocalhost'));
  t.true(lines.includes('127.0.0.1\tbuildkitsandbox'));
  t.deepEqual(lines.slice(-2), ['192.0.2.7\tdb', '']);
  for (const name of ['a b', 'a\nb', '', '#']) {
    t.throws(() => hostsFile('x', [{ name, address: '192.0.2.7' }]), { code: 'USAGE' });
  }
});
