// What fuzzing and reading found, by name.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import * as z from 'zod';
import { licenseExpression } from '../../src/attest/license-expression.ts';
import { encodeText } from '../../src/build/explain/history-lines.ts';
import { packInputs, readInputs, unpackInputs } from '../../src/build/explain/history-rows.ts';
import { formatError } from '../../src/cli/format-error.ts';
import { parsePairs } from '../../src/cli/parse-pairs.ts';
import { parseYaml } from '../../src/cli/parse-yaml.ts';
import { VarveError } from '../../src/errors.ts';
import { parseMount } from '../../src/instructions/run-mount.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { parseImageConfig } from '../../src/oci/image-config.ts';
import { parseManifestDocument } from '../../src/oci/manifest.ts';
import { formatPlatform, parsePlatform } from '../../src/oci/platform.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { openImage } from '../../src/registry/open-image.ts';
import { selectPlatform } from '../../src/registry/select-platform.ts';
import { decodeStatRow } from '../../src/snapshot/stat-row.ts';
import { decodeNode } from '../../src/snapshot/tree-codec.ts';
import { readHere } from '../bake/bake-here.ts';
import { makeTar, type RawTarEntry } from '../fixtures/make-tar.ts';
import { startRaw } from '../support/raw-server.ts';
import { testClient } from '../support/registry-client.ts';

const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

test('a message that quotes what others wrote sends no control characters to the terminal, and has an end', (t) => {
  const text = 'a\u001b]0;title\u0007\u001b[31mred\u009b2J\u202e\rhidden';
  const location = { file: `f${text}`, start: 1, end: 1 };
  const error = new VarveError('X', `m ${text}\nsecond ${text}`, { hint: text, location, source: text });
  const shown =
    formatError(error) + formatError(new Error(text)) + formatError(Object.assign(new Error(text), { code: 'ENOSPC' }));
  t.notRegex(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  t.regex(shown, /m .*\nhidden\nsecond /);
  t.true(formatError(new VarveError('X', 'long '.repeat(100_000))).length < 10_000);
});

test('JSON nested without end is refused in manifests and configs', (t) => {
  for (const read of [(bytes: Buffer) => parseManifestDocument(bytes, undefined), parseImageConfig])
    t.throws(() => read(Buffer.from(`{"schemaVersion":2,"x":${deep(100_000)}}`)), {
      instanceOf: VarveError,
      message: /nested deeper/,
    });
});

async function archiveError(t: ExecutionContext, entries: readonly RawTarEntry[]): Promise<VarveError | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-hostile-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'it.tar');
  writeFileSync(path, makeTar(entries));
  const never = async (): Promise<never> => {
    throw new Error('no registry');
  };
  const deps = {
    registry: { manifest: never, blob: never, referrers: never },
    store: '/',
    signal: new AbortController().signal,
  };
  return t.throwsAsync<VarveError>(openImage({ kind: 'oci-archive', path }, 'it.tar', deps), {
    instanceOf: VarveError,
  });
}

test('an archive whose index.json or manifest.json is no JSON is refused in words', async (t) => {
  for (const name of ['index.json', 'manifest.json']) {
    for (const content of ['no JSON \u001b[31m', deep(100_000), '[]', '{}']) {
      const error = await archiveError(t, [{ name, content }]);
      t.regex(error?.message ?? '', /it\.tar/);
    }
  }
});

test('names of what every object has are ordinary names: platforms, mounts, licences, arguments, variables of bake files', (t) => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    t.is(formatPlatform({ os: 'linux', architecture: name }), `linux/${name.toLowerCase()}`);
    t.throws(() => parsePlatform(name), { code: 'PLATFORM_INVALID' });
    const platform = { os: 'linux', architecture: name };
    t.truthy(selectPlatform([{ mediaType: 'x', digest: digestOf('x'), size: 1, platform }], platform));
    t.throws(
      () =>
        parseMount(`type=${name},target=/t`, {
          expand: (text: string) => text,
          location: { file: 'f', start: 1, end: 1 },
        } as never),
      {
        code: 'DOCKERFILE_MOUNT',
      },
    );
    t.notThrows(() => licenseExpression([name]));
    t.deepEqual([...parsePairs('--build-arg', [name, `${name}=1`], (key) => process.env[key])], [[name, '1']]);
    t.deepEqual([...parsePairs('--build-arg', [name], (key) => process.env[key])], []);
    const bake = readHere(
      `variable "${name}" { default = 1 }\ntarget "${name}" {\n args = { ${name} = "v" }\n labels = { "${name}" = "l" }\n}`,
    );
    t.deepEqual(Object.entries(bake.targets.get(name)?.args ?? {}), [[name, 'v']]);
    t.deepEqual(Object.entries(bake.targets.get(name)?.labels ?? {}), [[name, 'l']]);
  }
  t.is(({} as Record<string, unknown>).polluted, undefined);
});

test('compose files that include each other are refused', (t) => {
  const files = { 'b.yaml': 'include: [a.yaml]', 'a.yaml': 'include: [b.yaml]' };
  t.throws(() => readHere([{ name: 'a.yaml', text: files['a.yaml'] }], { files }), {
    code: 'BAKE_VALUE',
    message: /a\.yaml includes b\.yaml includes a\.yaml/,
  });
});

for (const [name, file, text] of [
  ['HCL in parentheses', 'b.hcl', `variable "V" { default = ${'('.repeat(50_000)}1${')'.repeat(50_000)} }`],
  ['a sum without end', 'b.hcl', `variable "V" { default = 1${'+1'.repeat(50_000)} }\ntarget "a" { args = { V = V } }`],
  ['signs', 'b.hcl', `variable "V" { default = ${'-'.repeat(50_000)}1 }`],
  ['JSON', 'b.json', `{"variable":{"V":{"default":${deep(100_000)}}}}`],
  ['YAML', 'b.yaml', `services: ${deep(20_000)}`],
] as const)
  test(`bake: ${name} nested without end is refused`, (t) => {
    const error = t.throws<VarveError>(() => readHere([{ name: file, text }]), { instanceOf: VarveError });
    t.true(formatError(error).length < 10_000);
  });

test('YAML: aliases of aliases, aliases of themselves and deep nests are refused at a line', (t) => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefghi'.split('').map((c, i) => `${c}: &${c} [${`*${'abcdefghi'[i]},`.repeat(9)}]`),
  ].join('\n');
  for (const text of [bomb, 'a: &a [*a]', `a: ${deep(5000)}`, 'a: *nothing'])
    t.throws(() => parseYaml(text, 'f.yaml', z.strictObject({ b: z.string() })), { instanceOf: VarveError });
});

test('a history row that names impossible rows counts as absent', (t) => {
  const row = [['file', { count: 1, pieces: ['\r\n'] }]];
  t.is(readInputs(encodeText(JSON.stringify(row))), undefined);
  const { row: good, pieces } = packInputs([['file', 'a']]);
  t.deepEqual(
    unpackInputs(readInputs(encodeText(JSON.stringify(good)))!, (name) => pieces.get(name)),
    [['file', 'a']],
  );
});

test('a row of the store whose number never ends is refused', (t) => {
  for (const length of [9, 148, 400]) {
    const endless = Buffer.concat([Buffer.of(1), Buffer.alloc(length, 0x80), Buffer.alloc(40)]);
    for (const decode of [decodeNode, decodeStatRow]) t.throws(() => decode(endless), { instanceOf: RangeError });
  }
});

test('a server that does not speak HTTP is named in a message', async (t) => {
  await using server = await startRaw('SSH-2.0-OpenSSH\r\n\r\n');
  await using client = testClient({ insecureRegistries: [server.host] });
  const error = await t.throwsAsync<VarveError>(client.manifest(parseReference(`${server.host}/a:1`)), {
    instanceOf: VarveError,
  });
  t.regex(error?.message ?? '', new RegExp(server.host));
});
