import test from 'ava';
import type { BakeFile } from '../../src/bake/bake-options.ts';
import { parseHcl } from '../../src/bake/hcl/parse-body.ts';
import { type Here, type Printed, printHere } from './bake-here.ts';

interface Row {
  readonly title: string;
  readonly files: string | readonly BakeFile[];
  readonly here?: Here;
  /** Fields of targets that are looked at. */
  readonly target: Printed['target'];
  readonly group?: Readonly<Record<string, readonly string[]>>;
}

const WEB = `
target "webDEP" {
  args = {
    VAR_INHERITED = "webDEP"
    VAR_BOTH = "webDEP"
  }
  no-cache = true
  shm-size = "128m"
  ulimits = ["nofile=1024:1024"]
  extra-hosts = { my_hostname = "8.8.8.8" }
}
target "webapp" {
  dockerfile = "Dockerfile.webapp"
  args = { VAR_BOTH = "webapp" }
  annotations = ["index,manifest:org.opencontainers.image.authors=dvdksn"]
  attest = ["type=provenance,mode=max"]
  platforms = ["linux/amd64"]
  secret = ["id=FOO,env=FOO"]
  inherits = ["webDEP"]
}`;
const webapp = (set: readonly string[], target: Readonly<Record<string, unknown>>, env?: Here['env']): Row => ({
  title: `--set ${set.join(' ')}`,
  files: WEB,
  here: { names: ['webapp'], set, ...(env ? { env } : {}) },
  target: { webapp: target },
});

const ROWS: readonly Row[] = [
  {
    title: 'everything of a target, inherited and its own',
    files: WEB,
    here: { names: ['webapp'] },
    group: { default: ['webapp'] },
    target: {
      webapp: {
        annotations: ['index,manifest:org.opencontainers.image.authors=dvdksn'],
        attest: [{ mode: 'max', type: 'provenance' }],
        context: '.',
        dockerfile: 'Dockerfile.webapp',
        args: { VAR_BOTH: 'webapp', VAR_INHERITED: 'webDEP' },
        secret: [{ id: 'FOO', env: 'FOO' }],
        platforms: ['linux/amd64'],
        'no-cache': true,
        'shm-size': '128m',
        ulimits: ['nofile=1024:1024'],
        'extra-hosts': { my_hostname: '8.8.8.8' },
      },
    },
  },
  webapp(
    ['webapp.args.VAR_SET=bananas', 'webapp.args.VAR_EMPTY=', 'webapp.args.UNSET', 'webapp.args.ENV'],
    {
      args: { ENV: 'e', VAR_BOTH: 'webapp', VAR_EMPTY: '', VAR_INHERITED: 'webDEP', VAR_SET: 'bananas' },
    },
    { ENV: 'e' },
  ),
  webapp(['webDEP.args.VAR_INHERITED=o', 'webDEP.args.VAR_BOTH=o'], {
    args: { VAR_BOTH: 'webapp', VAR_INHERITED: 'o' },
  }),
  webapp(['webapp.attest=type=sbom'], { attest: [{ mode: 'max', type: 'provenance' }, { type: 'sbom' }] }),
  webapp(['webapp.context=foo/', 'web*.dockerfile=bar'], { context: 'foo', dockerfile: 'bar' }),
  webapp(['webapp.no-cache=false', 'webapp.pull=true'], { 'no-cache': false, pull: true }),
  webapp(['webapp.platform=linux/arm64'], { platforms: ['linux/arm64'] }),
  webapp(['webapp.platform+=linux/arm64', 'webapp.platform+=linux/riscv64'], {
    platforms: ['linux/amd64', 'linux/arm64', 'linux/riscv64'],
  }),
  webapp(['webapp.platform+=linux/arm64', 'webapp.platform=linux/riscv64'], {
    platforms: ['linux/arm64', 'linux/riscv64'],
  }),
  webapp(['webapp.secrets=id=BAR,env=BAR'], { secret: [{ id: 'BAR', env: 'BAR' }] }),
  webapp(['webapp.secrets+=id=BAR,src=/b'], {
    secret: [
      { id: 'FOO', env: 'FOO' },
      { id: 'BAR', src: '/b' },
    ],
  }),
  webapp(['webapp.secret.FOO=src=/tmp/foo'], { secret: [{ id: 'FOO', src: '/tmp/foo' }] }),
  webapp(['*.network=host', '*.ulimits=core=1', '*.ssh=default', '*.call=check'], {
    network: 'host',
    ulimits: ['core=1'],
    ssh: [{ id: 'default' }],
    call: 'check',
    entitlements: ['network.host'],
  }),
  webapp(
    [
      '*.tags=a,b',
      '*.labels.l=m',
      '*.contexts.c=dir',
      '*.entitlements=security.insecure',
      '*.cache-from=r/c',
      '*.cache-to=type=local,dest=d',
    ],
    {
      tags: ['a,b'],
      labels: { l: 'm' },
      contexts: { c: 'dir' },
      entitlements: ['security.insecure'],
      'cache-from': [{ ref: 'r/c', type: 'registry' }],
      'cache-to': [{ dest: 'd', type: 'local' }],
    },
  ),
  webapp(['*.push=true'], { output: [{ push: 'true', type: 'image' }] }),
  webapp(['*.output=type=image,compression=zstd', '*.push=true'], {
    output: [{ compression: 'zstd', push: 'true', type: 'image' }],
  }),
  webapp(['*.output=type=registry', '*.push=false'], { output: undefined }),
  webapp(['*.output=out'], { output: [{ dest: 'out', type: 'local' }] }),
  {
    title: 'a matrix makes a target of each combination, and a group of its label',
    files:
      'target "default" {\n matrix = {\n  foo = ["x", "y"]\n  bar = [{n = "1"}, {n = "2"}]\n }\n name = "${foo}-${bar.n}"\n dockerfile = "${foo}.Dockerfile"\n}',
    group: { default: ['x-1', 'x-2', 'y-1', 'y-2'] },
    target: { 'x-1': { dockerfile: 'x.Dockerfile' }, 'y-2': { dockerfile: 'y.Dockerfile' } },
  },
  {
    title: 'attributes of other targets, and of the own',
    files:
      'target "foo" {\n dockerfile = "xxx"\n context = target.bar.context\n target = target.foo.dockerfile\n}\ntarget "bar" {\n dockerfile = target.foo.name\n context = "yyy"\n tags = [for t in ["a"] : "${t}:${target.foo.target}"]\n}',
    here: { names: ['foo', 'bar'] },
    target: { foo: { context: 'yyy', target: 'xxx' }, bar: { dockerfile: 'foo', tags: ['a:xxx'] } },
  },
  {
    title: 'entries of other targets',
    files:
      'target "app" {\n cache-from = [{ type = "registry", ref = "u/a:c" }, "type=local,src=p"]\n cache-to = [target.app.cache-from[0]]\n ssh = [{ id = "key", paths = ["a/b"] }]\n output = [{ type = "oci", dest = "../out.tar" }, "type=local,dest=../out"]\n attest = ["type=sbom,disabled=true,generator=foo,\\"ENV1=bar,baz\\",ENV2=hello"]\n}',
    here: { names: ['app'] },
    target: {
      app: {
        'cache-from': [
          { ref: 'u/a:c', type: 'registry' },
          { src: 'p', type: 'local' },
        ],
        'cache-to': [{ ref: 'u/a:c', type: 'registry' }],
        ssh: [{ id: 'key', paths: ['a/b'] }],
        output: [
          { dest: '../out.tar', type: 'oci' },
          { dest: '../out', type: 'local' },
        ],
        attest: [{ disabled: true, env1: 'bar,baz', env2: 'hello', generator: 'foo', type: 'sbom' }],
      },
    },
  },
  {
    title: 'contexts of other targets bring those, which go nowhere',
    files:
      'target "default" {\n contexts = { base = "target:base", no = "" }\n}\ntarget "base" {\n entitlements = ["network.host"]\n output = ["type=registry"]\n}',
    group: { default: ['default'] },
    target: {
      default: { contexts: { base: 'target:base' }, entitlements: ['network.host'] },
      base: { output: [{ type: 'cacheonly' }] },
    },
  },
  {
    title: 'groups of groups, and patterns',
    files:
      'group "all" { targets = ["g", "c"] }\ngroup "g" { targets = ["a", "b"] }\ntarget "a" {}\ntarget "b" {}\ntarget "c" {}',
    here: { names: ['al*'] },
    group: { all: ['g', 'c'], g: ['a', 'b'], default: ['all'] },
    target: { a: {}, b: {}, c: {} },
  },
  {
    title: 'later files go over earlier ones; lists of lists in JSON are blocks',
    files: [
      {
        name: 'a.hcl',
        text: 'group "default" { targets = ["a"] }\ntarget "m" {}\ntarget "a" {\n inherits = ["m"]\n labels = { a = "1" }\n tags = ["old"]\n}',
      },
      {
        name: 'm.json',
        text: '{"target": [{"m": [{"platforms": ["linux/arm64"], "args": {"v": "${upper(\\"x\\")}"}}]}]}',
      },
      { name: 'o.hcl', text: 'target "a" {\n labels = { b = "2" }\n tags = ["new", "new", ""]\n}' },
    ],
    target: { a: { labels: { a: '1', b: '2' }, tags: ['new'], platforms: ['linux/arm64'], args: { v: 'X' } } },
  },
  {
    title: 'a bake file goes over a compose file',
    files: [
      { name: 'c1.hcl', text: 'target "app" {\n context = "dir"\n args = { v1 = "foo" }\n}' },
      {
        name: 'c2.yml',
        text: 'services:\n  app:\n    build:\n      dockerfile: Dockerfile-alternate\n      args:\n        v2: bar\n',
      },
    ],
    group: { default: ['app'] },
    target: { app: { context: 'dir', dockerfile: 'Dockerfile-alternate', args: { v1: 'foo', v2: 'bar' } } },
  },
  {
    title: 'what a bake file would take for a template is escaped',
    files: 'target "default" {\n args = { a = "$${x} %%{y} <&>" }\n dockerfile-inline = "RUN $${x}"\n}',
    target: { default: { args: { a: '$${x} %%{y} <&>' }, 'dockerfile-inline': 'RUN $${x}' } },
  },
];

for (const { title, files, here, target, group } of ROWS)
  test(title, (t) => {
    const printed = printHere(files, here);
    if (group)
      t.deepEqual(
        Object.fromEntries(Object.entries(printed.group ?? {}).map(([name, { targets }]) => [name, targets])),
        group,
      );
    for (const [name, fields] of Object.entries(target)) {
      t.truthy(printed.target[name], name);
      for (const [field, value] of Object.entries(fields))
        t.deepEqual(printed.target[name]?.[field], value, `${name}.${field}`);
    }
  });

const REFUSED: readonly (readonly [title: string, text: string, here: Here, says: RegExp])[] = [
  ['an unknown target', 'target "web" {}', { names: ['wep'] }, /failed to find target wep/],
  ['a pattern of none', 'target "web" {}', { names: ['x*'] }, /could not find any target matching "x\*"/],
  [
    '--set of none',
    'target "web" {}',
    { names: ['web'], set: ['no.context=x'] },
    /could not find any target matching 'no'/,
  ],
  ['--set of an unknown key', 'target "web" {}', { names: ['web'], set: ['web.colour=x'] }, /unknown key: colour/],
  ['--set without a value', 'target "web" {}', { names: ['web'], set: ['web.context'] }, /expected target.name=value/],
  [
    '--set of arguments without a name',
    'target "web" {}',
    { names: ['web'], set: ['web.args=x'] },
    /args requires name/,
  ],
  ['--load', 'target "web" {}', { names: ['web'], set: ['*.load=true'] }, /no daemon/],
  ['a secret that is not declared', WEB, { names: ['webapp'], set: ['webapp.secret.X=env=X'] }, /must be declared/],
  ['a target on itself', 'target "a" { contexts = { b = "target:a" } }', { names: ['a'] }, /cannot link to itself/],
  [
    'targets on each other',
    'target "a" {\n contexts = { b = "target:b" }\n}\ntarget "b" {\n contexts = { a = "target:a" }\n}',
    { names: ['a'] },
    /infinite loop from b to a/,
  ],
];

for (const [title, text, here, says] of REFUSED)
  test(`refused: ${title}`, (t) => {
    t.throws(() => printHere(text, here), { message: says });
  });

test('the parser tells an empty file from one with a mistake', (t) => {
  t.deepEqual(parseHcl('a.hcl', '\n# nothing\n').blocks, []);
  t.throws(() => parseHcl('a.hcl', 'target "a" {'), { message: /closing brace/ });
});
