// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Dockerfiles, bake and compose files
import type * as z from 'zod';
import { scriptSchema } from '../../../../src/cli/bench/script-schema.ts';
import { settingsOf } from '../../../../src/cli/config/apply-config.ts';
import { parseYaml } from '../../../../src/cli/parse-yaml.ts';
import { commandNames, createProgram } from '../../../../src/cli/program.ts';
import { parseGitReference } from '../../../../src/context/git-reference.ts';
import { parseIgnoreFile } from '../../../../src/dockerfile/ignore-file.ts';
import { createPatternMatcher } from '../../../../src/dockerfile/pattern-matcher.ts';
import { parseDockerConfig } from '../../../../src/registry/docker-config.ts';
import { printHere } from '../../../bake/bake-here.ts';
import { checkText } from '../../../build/support/check-text.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const DOCKERFILE = `# syntax=docker/dockerfile:1
# escape=\\
ARG V=1 W=\${V:-2}
FROM scratch AS other
FROM --platform=$BUILDPLATFORM base:\${V} AS build
ENV a="b c" d=\${e:-f} g='h' c="\${a//./-}" p=\${V%x}
WORKDIR \${a:-/w}
RUN --mount=type=cache,target=/x,mode=0700,id=$a --mount=type=secret,id=s,required=true <<-EOF cat \\
  && true
	one
	EOF
RUN ["sh", "-c", "x"]
COPY --from=other --chown=1:2 --chmod=u=rw --exclude=*.o <<A b ["c"] /d/
body $V
A
ADD --checksum=sha256:${'0'.repeat(64)} https://example.com/a#b /x
HEALTHCHECK --interval=5s --retries=3 CMD ["x", "y\\u0000"]
ONBUILD COPY <<'X' /y
z
X
SHELL ["sh"]
EXPOSE \${W}0-90/tcp 53/udp
VOLUME ["/a"]
STOPSIGNAL SIGTERM
USER \${a:?}
LABEL $a=$b
`;

const HCL = `variable "V" {
  default = "1"
  type = string
  validation {
    condition = V != "" && strlen(V) < 20
    error_message = "no"
  }
}
function "f" {
  params = [a]
  variadic_params = rest
  result = "\${a}-\${join(",", rest)}"
}
group "default" { targets = ["a", "m"] }
target "a" {
  context = "."
  args = { A = f("x", V, upper("y")), B = V == "1" ? "t" : null }
  labels = { for k, v in {x = 1, y = 2} : k => "\${v + 1 * 2 % 3}" if v > 0 }
  tags = [for t in ["a", "b"] : "r/\${t}:%{ if V == "1" }one%{ else }more%{ endif }"]
  dockerfile-inline = <<-EOT
    FROM scratch
    \${regex_replace("aaa", "a+", "b")} \${formatdate("YYYY", timestamp())}
  EOT
  secret = ["id=s,src=./s"]
}
target "m" {
  inherits = ["a"]
  name = "m-\${v}"
  matrix = { v = ["1", "2"] }
  platforms = ["linux/amd64"]
  output = ["type=docker"]
}
`;

const COMPOSE = `x-a: &base
  build: {context: ., args: {A: "\${A:-1}", B: b}}
services:
  app:
    <<: *base
    image: app:\${TAG:-latest}
    environment: [X=1, Y]
  other:
    build:
      context: dir
      dockerfile_inline: |
        FROM scratch
      labels: {a: b}
      ulimits: {nofile: {soft: 1, hard: 2}}
      x-bake:
        tags: [a, b]
        platforms: linux/amd64,linux/arm64
secrets:
  s: {file: ./s}
`;

const CONFIG = `build:
  file: docker/Dockerfile
  parallel: 3
  push: true
  label: [a=1, b=2]
  build-arg: {V: 1, W: x y}
store:
  prune: {max-size: 10GB}
`;

const SCRIPT = `context: .
modes: [warm, cold]
variants:
  a: {dockerfile: Dockerfile}
  b: {flags: [--no-cache]}
edits:
  one: {weight: 2, do: [{append: {file: a, text: x}}]}
`;

const YAML_TOKENS = [
  '&a ',
  '*a',
  '<<: ',
  '? ',
  '!!js/function ',
  '!!binary ',
  '---\n',
  '%YAML 1.1\n',
  '|-\n',
  '[',
  '{',
  '- ',
  ': ',
];
const HCL_TOKENS = [
  '${',
  '%{',
  '}',
  '<<E\n',
  'for ',
  '...',
  '[*]',
  '=>',
  '?',
  ':',
  '(',
  ')',
  '[',
  ']',
  '{',
  '"',
  '\\u{',
  '!',
  '&&',
  '-',
  '1e9',
];

const bytesOf = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

/** What people write, or others for them. */
export async function textTargets(): Promise<FuzzTarget[]> {
  const program = await createProgram(new AbortController().signal);
  const names = commandNames();
  const build = program.commands.find((command) => command.name() === 'build')!;
  const options = { names: ['a', 'm'], env: { A: '1' } };
  const read = (name: string) => (bytes: Buffer) =>
    printHere([{ name, text: bytes.toString('utf8') }], {
      ...options,
      names: name.endsWith('.yaml') ? ['app', 'other'] : options.names,
      files: { 'other.yaml': COMPOSE },
    });
  const hclJson = {
    variable: { V: { default: '1' } },
    group: { default: { targets: ['a'] } },
    target: {
      a: { context: '.', args: { A: '${upper(V)}' }, tags: ['r/${V}'], platforms: ['linux/amd64'] },
      m: { inherits: ['a'], name: 'm-${v}', matrix: { v: ['1', '2'] } },
    },
  };
  return [
    {
      name: 'dockerfile',
      samples: bytesOf(DOCKERFILE),
      tokens: [
        'FROM ',
        'ONBUILD ',
        'ENV ',
        '<<',
        '<<-E',
        '\\\n',
        '`',
        '"',
        "'",
        '${',
        '}',
        '--',
        '# escape=`\n',
        '--from=',
      ],
      async read(bytes) {
        const { error } = await checkText([bytes.toString('utf8')]);
        if (error) throw error;
      },
    },
    {
      name: 'ignore-file',
      samples: bytesOf('# c\n*\n!src/**\n**/node_modules\na?[b-d]*\n/x/../y\n\\*z\n', '[!a-z]\n**/*.o\n'),
      tokens: ['**', '*', '?', '[', ']', '[^', '!', '\\', '/', '../', '**/**/**/'],
      read(bytes) {
        const matcher = createPatternMatcher(parseIgnoreFile(bytes));
        for (const path of ['a/b/c/d', 'src/x.o', '__proto__', 'x'.repeat(300), 'a/'.repeat(60)]) matcher.matches(path);
      },
    },
    { name: 'bake-hcl', samples: bytesOf(HCL), tokens: HCL_TOKENS, read: read('docker-bake.hcl') },
    {
      name: 'bake-json',
      json: true,
      samples: bytesOf(JSON.stringify(hclJson)),
      tokens: HCL_TOKENS,
      read: read('docker-bake.json'),
    },
    {
      name: 'compose',
      heavy: true,
      samples: bytesOf(COMPOSE, 'include: [other.yaml]\nservices: {app: {build: .}}\n'),
      tokens: [...YAML_TOKENS, '${', '${A:?', '$$', 'include: [compose.yaml]\n'],
      read: read('compose.yaml'),
    },
    {
      name: 'config-yaml',
      heavy: true,
      samples: bytesOf(CONFIG),
      tokens: YAML_TOKENS,
      read: (bytes) =>
        settingsOf(build, ['build'], {
          names,
          files: [{ path: 'varve.config.yaml', text: bytes.toString('utf8'), isProject: bytes.length % 2 === 0 }],
        }),
    },
    {
      name: 'bench-script',
      heavy: true,
      samples: bytesOf(SCRIPT),
      tokens: YAML_TOKENS,
      read: (bytes) => parseYaml(bytes.toString('utf8'), 'script.yaml', scriptSchema(() => true) as z.ZodType<unknown>),
    },
    {
      name: 'docker-config',
      json: true,
      samples: bytesOf(
        JSON.stringify({
          auths: { 'https://r.example/v1/': { auth: 'dTpw' }, r2: { identitytoken: 't' } },
          credHelpers: { r3: 'helper' },
          credsStore: 'store',
        }),
      ),
      read: (bytes) => parseDockerConfig(bytes.toString('utf8'), 'config.json'),
    },
    {
      name: 'git-reference',
      samples: bytesOf(
        'https://github.com/a/b.git?ref=main&subdir=c&checksum=0123456789',
        'git@host:a/b.git#main:dir',
        'ssh://u@h:22/a.git#refs/heads/x',
      ),
      tokens: ['#', ':', '?', '&', '--upload-pack=x', '-', '@', '..', '%2e%2e'],
      read: (bytes) => parseGitReference(bytes.toString('utf8')),
    },
  ];
}
