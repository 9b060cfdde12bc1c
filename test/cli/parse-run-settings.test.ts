import test from 'ava';
import { parseAddHost, parseRunSettings, parseUlimit, type RunFlags } from '../../src/cli/parse-run-settings.ts';

const flags = (more: Partial<RunFlags>): RunFlags => ({
  allow: [],
  network: 'default',
  addHost: [],
  ulimit: [],
  ...more,
});

test('--add-host', (t) => {
  t.deepEqual(parseAddHost('db:192.0.2.1'), { name: 'db', address: '192.0.2.1' });
  t.deepEqual(parseAddHost('db=192.0.2.1'), { name: 'db', address: '192.0.2.1' });
  t.deepEqual(parseAddHost('db:2001:db8::1'), { name: 'db', address: '2001:db8::1' });
  t.deepEqual(parseAddHost('db=[2001:db8::1]'), { name: 'db', address: '2001:db8::1' });
  t.deepEqual(parseAddHost('outside:host-gateway'), { name: 'outside', address: '127.0.0.1' });
  for (const text of ['db', 'db:', ':192.0.2.1', 'db:host', 'a b:192.0.2.1', 'db:192.0.2.1#', ''])
    t.throws(() => parseAddHost(text), { code: 'USAGE', message: /^--add-host / }, text);
});

test('--ulimit', (t) => {
  t.deepEqual(parseUlimit('nofile=1024'), { name: 'nofile', soft: 1024, hard: 1024 });
  t.deepEqual(parseUlimit('nofile=1024:4096'), { name: 'nofile', soft: 1024, hard: 4096 });
  t.deepEqual(parseUlimit('core=0:-1'), { name: 'core', soft: 0, hard: undefined });
  t.deepEqual(parseUlimit('core=-1'), { name: 'core', soft: undefined, hard: undefined });
  for (const text of [
    'nofile',
    'nofile=',
    'nofile=x',
    'files=1',
    'nofile=2:1',
    'nofile=-1:5',
    'nofile=-2',
    'nofile=1:2:3',
  ])
    t.throws(() => parseUlimit(text), { code: 'USAGE', message: /^--ulimit / }, text);
});

test('all together', (t) => {
  const settings = parseRunSettings(
    flags({
      allow: ['security.insecure'],
      ulimit: ['nofile=1', 'nofile=2'],
      shmSize: '128m',
      addHost: ['a:192.0.2.1'],
    }),
  );
  t.deepEqual([...settings.allowed], ['security.insecure']);
  t.deepEqual(settings.rlimits, [{ name: 'nofile', soft: 2, hard: 2 }]);
  t.is(settings.shmSizeBytes, 128 * 1024 * 1024);
  t.deepEqual([...parseRunSettings(flags({ network: 'host' })).allowed], ['network.host']);
  t.throws(() => parseRunSettings(flags({ allow: ['device'] })), { code: 'USAGE', message: /^--allow device: / });
  for (const shmSize of ['0', 'much', '-1'])
    t.throws(() => parseRunSettings(flags({ shmSize })), { code: 'USAGE', message: /^--shm-size / }, shmSize);
});
