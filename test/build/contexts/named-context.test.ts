import test from 'ava';
import { contextKey, type NamedContext, parseNamedContext } from '../../../src/build/contexts/named-context.ts';
import { digestOf } from '../../../src/oci/digest.ts';

const digest = digestOf('x');

const READ: readonly (readonly [value: string, context: NamedContext])[] = [
  ['dir', { kind: 'directory', path: 'dir' }],
  ['../a:b', { kind: 'directory', path: '../a:b' }],
  ['/a', { kind: 'directory', path: '/a' }],
  ['docker-image://debian:12', { kind: 'image', reference: 'debian:12' }],
  ['docker-image:debian', { kind: 'image', reference: 'debian' }],
  ['docker-image://scratch', { kind: 'empty' }],
  ['oci-layout://dir', { kind: 'oci-layout', path: 'dir', tag: 'latest' }],
  ['oci-layout:///a/b:1.2', { kind: 'oci-layout', path: '/a/b', tag: '1.2' }],
  [`oci-layout://dir@${digest}`, { kind: 'oci-layout', path: 'dir', tag: 'latest', digest }],
  [`oci-layout://dir:t@${digest}`, { kind: 'oci-layout', path: 'dir', tag: 't', digest }],
  ['https://example.com/a.tar', { kind: 'http', url: 'https://example.com/a.tar' }],
  ['http://example.com/a', { kind: 'http', url: 'http://example.com/a' }],
];
for (const [value, context] of READ) test(value, (t) => t.deepEqual(parseNamedContext('n', value), context));

test('git references', (t) => {
  for (const value of ['https://example.com/a.git#main:dir', 'git@example.com:a/b.git', 'ssh://git@example.com/a'])
    t.is(parseNamedContext('n', value).kind, 'git', value);
});

for (const [value, code, message] of [
  ['', 'USAGE', /n=: the path is missing/],
  ['docker-image://', 'USAGE', /the image is missing/],
  ['oci-layout://', 'USAGE', /path of the layout is missing/],
  ['oci-layout://a@sha256:1', 'USAGE', /"sha256:1" is not a sha256 digest/],
  ['ftp://example.com/a', 'USAGE', /this kind of address is not known/],
  ['target:app', 'UNSUPPORTED', /target: contexts name another target/],
  ['input:app', 'UNSUPPORTED', /input: contexts/],
] as const)
  test(`${JSON.stringify(value)} is refused`, (t) => {
    t.throws(() => parseNamedContext('n', value), { code, message });
  });

test('names are compared without what docker adds, their tags as they are', (t) => {
  for (const name of [
    'Debian',
    'debian:latest',
    'docker.io/debian',
    'docker.io/library/debian',
    'library/debian:latest',
  ])
    t.is(contextKey(name), 'debian', name);
  t.is(contextKey('index.docker.io/Org/App:TAG'), 'org/app:TAG');
  t.is(contextKey('host:5000/a'), 'host:5000/a');
  t.is(contextKey(`debian:latest@${digest}`), `debian@${digest}`);
  t.not(contextKey('debian:12'), contextKey('debian'));
});
