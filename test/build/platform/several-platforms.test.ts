import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type BuildResult, topOf } from '../../../src/build/images/build-result.ts';
import { keepLocalImage } from '../../../src/build/images/local-images.ts';
import { exportImage } from '../../../src/build/output/export-image.ts';
import { type Output, parseOutput } from '../../../src/build/output/output.ts';
import type { Services } from '../../../src/build/services.ts';
import { VarveError } from '../../../src/errors.ts';
import { parsePlatform } from '../../../src/oci/platform.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { startRegistry } from '../../support/registry.ts';
import { type BuildBench, type BuildOptions, buildBench } from '../support/build-bench.ts';

const BOTH = ['linux/amd64', 'linux/arm64'].map(parsePlatform);

const exports =
  (outputs: readonly Output[], tags: readonly string[]) =>
  async (_: unknown, services: Services, result: BuildResult) =>
    exportImage(result, { outputs, tags: tags.map(parseReference), stdout: process.stdout, isRoot: false }, services);

/** A registry with base:1, an index of two platforms. */
async function withBase(
  t: ExecutionContext,
  run: (bench: BuildBench, base: string, options: BuildOptions) => Promise<void>,
) {
  const registry = await startRegistry();
  t.teardown(() => registry.stop());
  const bench = buildBench(t);
  const base = `${registry.host}/base:1`;
  const options = { insecureRegistry: registry.host };
  await bench.build(
    'FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /arch\n',
    bench.directory('base', { amd64: '1', arm64: '2' }),
    {
      ...options,
      platforms: BOTH,
      inspect: exports([{ type: 'registry', names: [] }], [base]),
    },
  );
  await run(bench, base, options);
}

const inspectRaw = (name: string) =>
  JSON.parse(execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', name], { encoding: 'utf8' })) as {
    manifests: { digest: string; platform: unknown }[];
  };

test('a stage of the build platform runs once, and the index has an image for each platform', (t) =>
  withBase(t, async (bench, base, options) => {
    const context = bench.directory('context', { file: 'x' });
    const dockerfile = [
      `FROM --platform=$BUILDPLATFORM ${base} AS build`,
      'COPY file /out/file',
      `FROM ${base}`,
      'ARG TARGETARCH',
      'COPY --from=build /out/file /file-$TARGETARCH',
    ].join('\n');
    const layout = join(bench.path, 'layout');
    const built = await bench.build(dockerfile, context, {
      ...options,
      platforms: BOTH,
      inspect: exports(parseOutput(`type=oci,dest=${layout}`), ['app:1']),
    });
    t.is(
      built.events.filter((event) => event.type === 'step-start' && event.title === 'COPY file /out/file').length,
      1,
    );
    t.is(built.steps.length, 3);
    const index = inspectRaw(`oci:${layout}:docker.io/library/app:1`);
    t.deepEqual(
      index.manifests.map(({ platform }) => platform),
      [
        { os: 'linux', architecture: 'amd64' },
        { os: 'linux', architecture: 'arm64' },
      ],
    );
    const copy = join(bench.path, 'copy');
    execFileSync('skopeo', [
      '--override-arch',
      'arm64',
      'copy',
      '-q',
      `oci:${layout}:docker.io/library/app:1`,
      `oci:${copy}:app`,
    ]);
    execFileSync('umoci', ['unpack', '--rootless', '--image', `${copy}:app`, join(bench.path, 'bundle')], {
      stdio: 'pipe',
    });
    t.deepEqual(readdirSync(join(bench.path, 'bundle/rootfs')).sort(), ['arch', 'file-arm64']);

    const again = await bench.build(dockerfile, context, { ...options, platforms: BOTH });
    t.true(again.steps.every(({ status }) => status === 'hit'));
    t.is(topOf(again.result).descriptor.digest, topOf(built.result).descriptor.digest);
  }));

test('a pushed index is found under its tag, its images by digest', (t) =>
  withBase(t, async (bench, base, options) => {
    const name = base.replace('base:1', 'app:2');
    const built = await bench.build(`FROM ${base}\nLABEL a=b\n`, bench.directory('context', {}), {
      ...options,
      platforms: BOTH,
      inspect: exports([{ type: 'registry', names: [] }], [name]),
    });
    const index = inspectRaw(`docker://${name}`);
    t.deepEqual(
      index.manifests.map(({ digest }) => digest),
      built.result.images.map(({ image }) => image.manifest.descriptor.digest),
    );
    for (const { digest } of index.manifests) t.truthy(inspectRaw(`docker://${name.split(':2')[0]}@${digest}`));
  }));

test('a platform that fails is named, with what the index has', (t) =>
  withBase(t, async (bench, base, options) => {
    const platforms = ['linux/amd64', 'linux/s390x'].map(parsePlatform);
    const error = await t.throwsAsync(
      bench.build(`FROM ${base}\n`, bench.directory('context', {}), { ...options, platforms }),
      {
        instanceOf: VarveError,
      },
    );
    t.regex(error?.message ?? '', /^linux\/s390x: .*not there for linux\/s390x: it has linux\/amd64, linux\/arm64/);
    t.is(error?.location?.start, 1);
  }));

test('an image of one other platform is used with a warning, and says what was asked for', (t) =>
  withBase(t, async (bench, base, options) => {
    const single = base.replace('base:1', 'arm:1');
    const context = bench.directory('context', {});
    await bench.build(`FROM ${base}\n`, context, {
      ...options,
      platforms: [parsePlatform('linux/arm64')],
      inspect: exports([{ type: 'registry', names: [] }], [single]),
    });
    const built = await bench.build(`FROM ${single}\n`, context, {
      ...options,
      platforms: [parsePlatform('linux/amd64')],
    });
    t.is(built.warnings.length, 1);
    t.regex(
      built.warnings[0]!,
      /InvalidBaseImagePlatform: .* pulled with platform "linux\/arm64", expected "linux\/amd64"/,
    );
    t.is(built.image.config.value.architecture, 'amd64');
  }));

test('an index kept in the store is a base for its platforms; --pull asks the registry instead', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { amd64: '1', arm64: '2' });
  const tag = parseReference('127.0.0.1:1/kept:1');
  await bench.build('FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /\n', context, {
    platforms: BOTH,
    inspect: (_, services, result) => keepLocalImage(services, tag, result),
  });
  const from = (platform: string, pull = false) =>
    bench.build('FROM 127.0.0.1:1/kept:1\n', context, { platforms: [parsePlatform(platform)], pull });
  t.is((await from('linux/arm64')).image.config.value.architecture, 'arm64');
  t.is((await from('linux/amd64')).image.layers.length, 1);
  const missing = await t.throwsAsync(from('linux/s390x'), { instanceOf: VarveError });
  t.regex(missing?.hint ?? '', /keeps this name for linux\/amd64, linux\/arm64/);
  await t.throwsAsync(from('linux/arm64', true), { message: /no connection/ });
});

test('files of several platforms lie in directories of their own', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { file: 'x' });
  const platforms = ['linux/amd64', 'linux/arm/v7'].map(parsePlatform);
  const [local, tar] = [join(bench.path, 'local'), join(bench.path, 'out.tar')];
  await bench.build('FROM scratch\nCOPY file /\n', context, {
    platforms,
    buildArgs: new Map([['SOURCE_DATE_EPOCH', '86400']]),
    inspect: exports([...parseOutput(`type=local,dest=${local}`), ...parseOutput(`type=tar,dest=${tar}`)], []),
  });
  t.deepEqual(readdirSync(local, { recursive: true }).sort(), [
    'linux_amd64',
    'linux_amd64/file',
    'linux_arm_v7',
    'linux_arm_v7/file',
  ]);
  const listed = execFileSync('tar', ['--utc', '-tvf', tar], { encoding: 'utf8' }).trim().split('\n');
  t.deepEqual(
    listed.map((line) => line.replace(/^.* (1970-01-02 00:00) /, '$1 ')),
    ['linux_amd64/', 'linux_amd64/file', 'linux_arm_v7/', 'linux_arm_v7/file'].map(
      (name) => `1970-01-02 00:00 ${name}`,
    ),
  );
});

test('platform-split=false puts platforms into one directory, and refuses two files of one path', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { file: 'x' });
  const platforms = ['linux/amd64', 'linux/arm64'].map(parsePlatform);
  const local = join(bench.path, 'local');
  const merged = exports(parseOutput(`type=local,dest=${local},platform-split=false`), []);
  const dockerfile = 'FROM scratch\nARG TARGETARCH\nCOPY file /dir/$TARGETARCH\n';
  await bench.build(dockerfile, context, { platforms, inspect: merged });
  t.deepEqual(readdirSync(join(local, 'dir')).sort(), ['amd64', 'arm64']);
  await t.throwsAsync(bench.build('FROM scratch\nCOPY file /dir/\n', context, { platforms, inspect: merged }), {
    code: 'OUTPUT_OVERLAP',
    message: /linux\/amd64 and linux\/arm64 both have \/dir\/file/,
  });
});

test('a docker archive of several platforms is refused before anything is written', async (t) => {
  const bench = buildBench(t);
  const [dest, other] = [join(bench.path, 'image.tar'), join(bench.path, 'oci.tar')];
  const outputs = [...parseOutput(`type=oci,dest=${other}`), ...parseOutput(`type=docker,dest=${dest}`)];
  const error = await t.throwsAsync(
    bench.build('FROM scratch\nLABEL a=b\n', bench.directory('context', {}), {
      platforms: BOTH,
      inspect: exports(outputs, []),
    }),
    { instanceOf: VarveError },
  );
  t.is(error?.code, 'UNSUPPORTED');
  t.false(readdirSync(bench.path).some((name) => name.endsWith('.tar')));
});

test('--no-cache-filter runs a stage, and what reads it when it came out otherwise', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { file: 'x' });
  const dockerfile = 'FROM scratch AS one\nCOPY file /a\nFROM scratch AS two\nCOPY --from=one /a /b\nCOPY file /c\n';
  await bench.build(dockerfile, context);
  t.is((await bench.build(dockerfile, context)).steps.filter(({ status }) => status === 'hit').length, 2);
  const built = await bench.build(dockerfile, context, { noCacheStages: ['one'] });
  t.deepEqual(
    built.steps.map(({ status }) => status),
    ['done', 'hit', 'hit'],
  );
  const both = await bench.build(dockerfile, context, { noCacheStages: ['two'] });
  t.deepEqual(
    both.steps.map(({ status }) => status),
    ['hit', 'done', 'done'],
  );
});
