import test from 'ava';
import { MOUNT_OPTIONS } from '../../src/instructions/mount-options.ts';
import { type MountScope, parseBytes, parseMount } from '../../src/instructions/run-mount.ts';
import type { RunMount } from '../../src/instructions/step.ts';

const scope: MountScope = {
  workdir: '/work',
  expand: (value) => value.replaceAll('$V', 'value'),
  source: (name) => ({ kind: 'named', name }),
  sshMounts: 2,
  cacheNamespace: '',
};
const owner = (mode: number) => ({ mode, uid: 0, gid: 0 });
const bind = { type: 'bind', from: { kind: 'context' }, source: '', target: '/t', writable: false } as const;
const cache = {
  type: 'cache',
  id: '/t',
  target: '/t',
  sharing: 'shared',
  source: '',
  readonly: false,
  ...owner(0o755),
} as const;
const tmpfs = { type: 'tmpfs', target: '/t', readonly: false } as const;
const secret = { type: 'secret', id: 's', target: '/run/secrets/s', required: false, ...owner(0o400) } as const;
const ssh = {
  type: 'ssh',
  id: 'default',
  target: '/run/buildkit/ssh_agent.2',
  required: false,
  ...owner(0o600),
} as const;

const READ: readonly (readonly [text: string, mount: RunMount])[] = [
  // bind, which is the default
  ['target=/t', bind],
  ['type=bind,target=/t', bind],
  ['type=BIND,TARGET=/t', bind],
  ['dst=/t', bind],
  ['destination=/t', bind],
  ['target=t', { ...bind, target: '/work/t' }],
  ['target=../t/./', bind],
  ['target=/t,source=a/b', { ...bind, source: 'a/b' }],
  ['target=/t,src=$V', { ...bind, source: 'value' }],
  ['target=/t,from=one', { ...bind, from: { kind: 'named', name: 'one' } }],
  ['target=/t,rw', { ...bind, writable: true }],
  ['target=/t,readwrite=true', { ...bind, writable: true }],
  ['target=/t,rw=false', bind],
  ['target=/t,ro=false', { ...bind, writable: true }],
  ['target=/t,readonly', bind],
  ['target=/t,rw,ro', bind],
  ['target=/t,ro,rw', { ...bind, writable: true }],
  ['"target=/a,b"', { ...bind, target: '/a,b' }],
  // cache
  ['type=cache,target=/t', cache],
  ['type=cache,target=/t/../t/', cache],
  ['type=cache,target=/t,id=i', { ...cache, id: 'i' }],
  ['type=cache,target=/t,id=$V', { ...cache, id: 'value' }],
  ['type=cache,target=/t,sharing=private', { ...cache, sharing: 'private' }],
  ['type=cache,target=/t,sharing=LOCKED', { ...cache, sharing: 'locked' }],
  ['type=cache,target=/t,ro', { ...cache, readonly: true }],
  ['type=cache,target=/t,mode=01777,uid=5,gid=6', { ...cache, mode: 0o1777, uid: 5, gid: 6 }],
  ['type=cache,target=/t,from=one,source=a', { ...cache, from: { kind: 'named', name: 'one' }, source: 'a' }],
  // tmpfs
  ['type=tmpfs,target=/t', tmpfs],
  ['type=tmpfs,target=/t,size=64m', { ...tmpfs, sizeBytes: 64 * 1024 ** 2 }],
  ['type=tmpfs,target=/t,ro', { ...tmpfs, readonly: true }],
  // secret
  ['type=secret,id=s', secret],
  ['type=secret,source=s', secret],
  ['type=secret,id=a/s', { ...secret, id: 'a/s' }],
  ['type=secret,target=/x/s', { ...secret, target: '/x/s' }],
  ['type=secret,id=s,target=x', { ...secret, target: '/work/x' }],
  ['type=secret,id=s,env=E', { type: 'secret', id: 's', env: 'E', required: false, ...owner(0o400) }],
  ['type=secret,id=s,env=E,target=/x', { ...secret, env: 'E', target: '/x' }],
  ['type=secret,id=s,required', { ...secret, required: true }],
  ['type=secret,id=s,required=false', secret],
  ['type=secret,id=s,mode=444,uid=1,gid=2', { ...secret, mode: 0o444, uid: 1, gid: 2 }],
  ['type=secret,id=s,ro', secret],
  // ssh
  ['type=ssh', ssh],
  ['type=ssh,id=k', { ...ssh, id: 'k' }],
  ['type=ssh,target=/sock', { ...ssh, target: '/sock' }],
  ['type=ssh,required=1', { ...ssh, required: true }],
  ['type=ssh,mode=666,uid=7,gid=8', { ...ssh, mode: 0o666, uid: 7, gid: 8 }],
];
for (const [text, mount] of READ) test(`--mount=${text}`, (t) => t.deepEqual(parseMount(text, scope), mount));

test("a namespace goes before a cache's id", (t) => {
  const id = (text: string) => {
    const mount = parseMount(text, { ...scope, cacheNamespace: 'ns' });
    return mount.type === 'cache' && mount.id;
  };
  t.is(id('type=cache,target=/t'), 'ns//t');
  t.is(id('type=cache,target=/t,id=i'), 'ns/i');
});

/** A value that each option takes. */
const VALUES: Readonly<Record<string, string>> = {
  target: '/t',
  from: 'f',
  source: 's',
  readonly: 'true',
  readwrite: 'true',
  id: 'i',
  sharing: 'shared',
  mode: '700',
  uid: '1',
  gid: '1',
  size: '1m',
  env: 'E',
  required: 'true',
};
/** What makes a mount of each type whole. */
const LEAST: Readonly<Record<string, string>> = {
  bind: 'target=/t',
  cache: 'target=/t',
  tmpfs: 'target=/t',
  secret: 'target=/s',
  ssh: 'target=/s',
};
for (const type of Object.keys(LEAST)) {
  test(`${type}: the options of other types are refused by name`, (t) => {
    for (const [key, value] of Object.entries(VALUES)) {
      if (MOUNT_OPTIONS.get(type)!.includes(key) || key === 'target' || key === 'readwrite') continue;
      t.throws(
        () => parseMount(`type=${type},${LEAST[type]},${key}=${value}`, scope),
        { code: 'DOCKERFILE_MOUNT', message: new RegExp(`'${key}'`) },
        key,
      );
    }
  });
}

const REFUSED: readonly (readonly [text: string, message: RegExp])[] = [
  ['', /./],
  ['type=bind', /has no target/],
  ['type=cache,id=x', /type cache has no target/],
  ['type=tmpfs,size=1m', /type tmpfs has no target/],
  ['type=secret', /one of id, source or target/],
  ['type=secret,id=a,source=b', /both 'id' and 'source'/],
  ['type=secret,id=a,rw', /always read-only/],
  ['target=/', /cannot be the root/],
  ['target=..', /cannot be the root/],
  ['type=ssh,target=/', /cannot be the root/],
  ['type=cache,target=/t,sharing=all', /unsupported sharing value "all"/],
  ['type=cache,target=/t,mode=0999', /invalid value 0999 for mode/],
  ['type=cache,target=/t,mode=u+x', /for mode/],
  ['type=cache,target=/t,uid=-1', /for uid/],
  ['type=cache,target=/t,uid=root', /invalid value root for uid/],
  ['type=cache,target=/t,gid=4294967296', /for gid/],
  ['type=tmpfs,target=/t,size=much', /invalid size: "much"/],
  ['target=/t,from=$V', /from= cannot have/],
  ['target=/t,ro=perhaps', /invalid value for readonly: perhaps/],
  ['type=secret,id=a,required=2', /invalid value for required: 2/],
  ['type=volume,target=/t', /unsupported mount type "volume"/],
  ['target', /must be a key=value pair/],
  ['target=/t,sources=a', /unexpected key 'sources' in 'sources=a' \(did you mean source\?\)/],
  ['target=/t,consistency=cached', /unexpected key 'consistency'/],
];
for (const [text, message] of REFUSED)
  test(`--mount=${text} is refused`, (t) => {
    t.throws(() => parseMount(text, scope), { code: 'DOCKERFILE_MOUNT', message });
  });

/** docker/go-units, TestRAMInBytes. */
const SIZES: readonly (readonly [text: string, bytes: number])[] = [
  ['32', 32],
  ['32b', 32],
  ['32B', 32],
  ['32k', 32 * 1024],
  ['32K', 32 * 1024],
  ['32kb', 32 * 1024],
  ['32KiB', 32 * 1024],
  ['32Mb', 32 * 1024 ** 2],
  ['32MiB', 32 * 1024 ** 2],
  ['32Gb', 32 * 1024 ** 3],
  ['32Tb', 32 * 1024 ** 4],
  ['32Pb', 32 * 1024 ** 5],
  ['32.5kB', 33280],
  ['0.3 K', 307],
  ['32 mb', 32 * 1024 ** 2],
];
test('sizes', (t) => {
  for (const [text, bytes] of SIZES) t.is(parseBytes(text), bytes, text);
  for (const text of ['', 'hello', '-32', '.3kB', '32  mb', '32m b', ' 32', '32bm', '1e3'])
    t.throws(() => parseBytes(text), { code: 'DOCKERFILE_MOUNT' }, text);
});
