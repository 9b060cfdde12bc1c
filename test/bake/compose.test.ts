import test from 'ava';
import { printHere } from './bake-here.ts';

const compose = (text: string, name = 'compose.yaml') => [{ name, text }];

test('a service that is built is a target; the others are none', (t) => {
  const { target, group } = printHere(
    compose(`
services:
  db:
    build: ./db
    image: docker.io/tonistiigi/db
  plain:
    image: nginx
  web.app:
    build:
      context: ./dir
      additional_contexts:
        foo: ./bar
        db: service:db
      dockerfile: Dockerfile-alternate
      network: none
      args:
        buildno: 123
        NULL:
      cache_from: ["type=local,src=path/to/cache"]
      cache_to: ["user/app:cache"]
      ssh: ["key=path/to/key", default]
      secrets: [token, { source: aws }]
      shm_size: 128m
      ulimits: { nofile: { soft: 1024, hard: 2048 }, nproc: 65535 }
      extra_hosts: ["somehost:162.242.195.82"]
      target: final
  inline:
    build:
      dockerfile_inline: |
        FROM alpine
secrets:
  token: { environment: ENV_TOKEN }
  aws: { file: /root/.aws/credentials }
`),
  );
  t.deepEqual(group?.default?.targets, ['db', 'inline', 'web_app']);
  t.deepEqual(target.db, { context: 'db', dockerfile: 'Dockerfile', tags: ['docker.io/tonistiigi/db'] });
  t.deepEqual(target.web_app, {
    context: 'dir',
    contexts: { db: 'target:db', foo: 'bar' },
    dockerfile: 'Dockerfile-alternate',
    args: { buildno: '123' },
    'cache-from': [{ src: 'path/to/cache', type: 'local' }],
    'cache-to': [{ ref: 'user/app:cache', type: 'registry' }],
    target: 'final',
    secret: [
      { id: 'token', env: 'ENV_TOKEN' },
      { id: 'aws', src: '/root/.aws/credentials' },
    ],
    ssh: [{ id: 'default' }, { id: 'key', paths: ['path/to/key'] }],
    network: 'none',
    'shm-size': '128MiB',
    ulimits: ['nofile=1024:2048', 'nproc=65535:65535'],
    'extra-hosts': { somehost: '162.242.195.82' },
  });
  t.is(target.inline?.['dockerfile-inline'], 'FROM alpine\n');
});

test('x-bake adds to what the build says', (t) => {
  const { target } = printHere(
    compose(`
services:
  addon:
    image: ct-addon:bar
    build:
      context: .
      tags: [ct-addon:baz]
      cache_from: [user/app:cache]
      ssh: { key: path/to/key }
      x-bake:
        contexts: { alpine: "docker-image://alpine:3.13" }
        tags: [ct-addon:foo, ct-addon:baz]
        ssh: [default]
        platforms: [linux/amd64, linux/arm64]
        cache-from: ["user/app:cache", "type=local,src=path"]
        secret: ["id=mysecret,src=/local/secret"]
        output: type=docker
        no-cache: true
        pull: true
        no-cache-filter: base
`),
  );
  t.deepEqual(target.addon, {
    context: '.',
    contexts: { alpine: 'docker-image://alpine:3.13' },
    dockerfile: 'Dockerfile',
    tags: ['ct-addon:baz', 'ct-addon:foo'],
    'cache-from': [
      { ref: 'user/app:cache', type: 'registry' },
      { src: 'path', type: 'local' },
    ],
    secret: [{ id: 'mysecret', src: '/local/secret' }],
    ssh: [{ id: 'default' }, { id: 'key', paths: ['path/to/key'] }],
    platforms: ['linux/amd64', 'linux/arm64'],
    output: [{ type: 'docker' }],
    pull: true,
    'no-cache': true,
    'no-cache-filter': ['base'],
  });
});

/** A value in a compose file, the environment, and what it comes to. */
const VALUES: readonly (readonly [string, Readonly<Record<string, string>>, string | RegExp])[] = [
  ['$A-${B}', { A: 'a', B: 'b' }, 'a-b'],
  ['${A:-x}${B-y}', { A: '', B: '' }, 'x'],
  ['${A:+x}${B+y}', { A: '', B: '' }, 'y'],
  ['${A:-${B}}', { B: 'b' }, 'b'],
  ['$$A', {}, '$A'],
  ['${A:?not there}', {}, /required variable A is missing a value: not there/],
];

for (const [value, env, wanted] of VALUES)
  test(`${value} with ${JSON.stringify(env)}`, (t) => {
    const files = compose(`services:\n  a:\n    build:\n      context: .\n      args:\n        x: '${value}'\n`);
    if (typeof wanted === 'string') t.deepEqual(printHere(files, { env }).target.a?.args, { x: wanted });
    else t.throws(() => printHere(files, { env }), { message: wanted });
  });

test('arguments without a value are those of the service, its files and the environment', (t) => {
  const text = `
services:
  a:
    build: { context: ., args: { CT: foo, FOO: , NODE_ENV: , SHELL: , NONE: } }
    environment: ["NODE_ENV=test"]
    env_file: [a.env]
`;
  const { target } = printHere(compose(text), { env: { SHELL: 'sh' }, files: { 'a.env': '# c\nFOO="b\\nc" # d\n' } });
  t.deepEqual(target.a?.args, { CT: 'foo', FOO: 'b\nc', NODE_ENV: 'test', SHELL: 'sh' });
});

test('later compose files are merged into earlier ones, and anchors and includes are followed', (t) => {
  const files = [
    ...compose(
      'x-b: &b\n  context: dir\n  args: [A=1, B=1]\ninclude: [inc.yml]\nservices:\n  a:\n    build: { <<: *b, tags: [t1] }\n',
    ),
    ...compose('services:\n  a:\n    build: { args: { B: 2 }, tags: [t2] }\n', 'compose.override.yaml'),
  ];
  const { target, group } = printHere(files, { files: { 'inc.yml': 'services:\n  c:\n    build: ./c\n' } });
  t.deepEqual(group?.default?.targets, ['a', 'c']);
  t.deepEqual(target.a, { context: 'dir', dockerfile: 'Dockerfile', args: { A: '1', B: '2' }, tags: ['t1', 't2'] });
});

const MISTAKES: readonly (readonly [string, RegExp])[] = [
  ['services:\n  a:\n    build: { secrets: [token] }\n', /undefined build secret token/],
  [
    'services:\n  a:\n    build: { secrets: [s] }\nsecrets: { s: { external: true } }\n',
    /unsupported external secret s/,
  ],
  ['services:\n  a:\n    build: { colour: red }\n', /colour/],
  ['services:\n  a:\n    build: .\n    extends: b\n', /does not read extends/],
  ['services:\n  a:\n    build: { privileged: true }\n', /build.privileged is not supported/],
  ['services: [\n', /is not YAML/],
];

for (const [text, says] of MISTAKES)
  test(`a mistake in a compose file is told: ${says.source}`, (t) => {
    t.throws(() => printHere(compose(text), { names: ['a'] }), { message: says });
  });
