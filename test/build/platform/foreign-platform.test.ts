import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type Emulation, parseHandler } from '../../../src/build/platform/binfmt.ts';
import { requireRunnable, runsWith } from '../../../src/build/platform/foreign-platform.ts';
import { VarveError } from '../../../src/errors.ts';
import { type Platform, parsePlatform } from '../../../src/oci/platform.ts';
import { openBinfmt } from '../../support/binfmt.ts';
import { notRun } from '../../support/not-run.ts';
import { buildBench } from '../support/build-bench.ts';

const AARCH64 = [
  'enabled',
  'interpreter /opt/emulators/arm',
  'flags: F',
  'offset 0',
  'magic 7f454c460201010000000000000000000200b700',
  'mask ffffffffffffff00fffffffffffffffffeffffff',
];
const amd64 = parsePlatform('linux/amd64');
const location = { file: 'Dockerfile', start: 3, end: 3 };

/** A machine with these handlers; `runs` are architectures whose programs really run. */
function emulation(files: readonly (readonly string[])[] | undefined, runs: readonly string[] = []): Emulation {
  return {
    handlers: () => files?.flatMap((lines, i) => parseHandler(`h${i}`, lines.join('\n')) ?? []),
    tries: (architecture) => runs.includes(architecture),
  };
}

const refusal = (platform: Platform, machine: Emulation, files: readonly string[] = []) =>
  requireRunnable({ platform, location }, amd64, machine, async (path) => files.includes(path)).then(
    () => undefined,
    (error: unknown) => error as VarveError,
  );

test('a handler is known by the bytes that it takes, whatever its name is', (t) => {
  const machine = emulation([['disabled', ...AARCH64.slice(1)], ['enabled', 'extension .py'], AARCH64]);
  t.deepEqual(runsWith(parsePlatform('linux/arm64'), amd64, machine), { kind: 'emulator' });
  t.is(runsWith(parsePlatform('linux/arm/v7'), amd64, machine), undefined);
  t.is(runsWith(parsePlatform('linux/s390x'), amd64, machine), undefined);
  t.is(runsWith(parsePlatform('windows/amd64'), amd64, machine), undefined);
  t.is(runsWith(parsePlatform('linux/arm64'), amd64, emulation([['disabled', ...AARCH64.slice(1)]])), undefined);
  t.is(runsWith(parsePlatform('linux/unheard-of'), amd64, emulation(undefined, ['unheard-of'])), undefined);
});

test('32-bit programs of the same family run where the kernel runs them', (t) => {
  t.deepEqual(runsWith(parsePlatform('linux/386'), amd64, emulation([], ['386'])), { kind: 'native' });
  t.is(runsWith(parsePlatform('linux/386'), amd64, emulation([])), undefined);
  t.deepEqual(runsWith(parsePlatform('linux/amd64'), amd64, emulation([])), { kind: 'native' });
});

test('where the handlers cannot be seen it is tried', (t) => {
  t.deepEqual(runsWith(parsePlatform('linux/arm64'), amd64, emulation(undefined, ['arm64'])), { kind: 'emulator' });
  t.is(runsWith(parsePlatform('linux/arm64'), amd64, emulation(undefined)), undefined);
});

test('a RUN that cannot run is refused at its line, with what to install', async (t) => {
  const error = await refusal(parsePlatform('linux/arm64'), emulation([]));
  t.is(error?.code, 'PLATFORM_FOREIGN');
  t.deepEqual(error?.location, location);
  t.regex(error?.message ?? '', /linux\/amd64 machine cannot run commands of linux\/arm64/);
  t.regex(error?.hint ?? '', /qemu-user-static/);
});

test('without the flag F the emulator must be among the files of the stage', async (t) => {
  const machine = emulation([AARCH64.with(2, 'flags: OC')]);
  const error = await refusal(parsePlatform('linux/arm64'), machine);
  t.is(error?.code, 'PLATFORM_FOREIGN');
  t.regex(error?.message ?? '', /\/opt\/emulators\/arm, which this stage's files do not have.*flag F/);
  t.is(await refusal(parsePlatform('linux/arm64'), machine, ['/opt/emulators/arm']), undefined);
});

/** Debian's static busybox for arm64, as a directory. */
function arm64Root(path: string): string {
  const root = join(path, 'arm64');
  const args = ['--quiet', '--variant=extract', '--architectures=arm64', '--include=busybox-static', 'bookworm'];
  execFileSync('mmdebstrap', [...args, `${root}.tar`], { stdio: 'pipe' });
  mkdirSync(root);
  execFileSync('tar', ['xf', `${root}.tar`, '-C', root, './bin/busybox']);
  rmSync(`${root}.tar`);
  return root;
}

test.serial('commands of another platform run in an emulator', async (t) => {
  t.timeout(300_000);
  const machine = openBinfmt();
  if (typeof machine === 'string') {
    notRun(t, machine);
    return;
  }
  using binfmt = machine;
  const bench = buildBench(t);
  const context = arm64Root(bench.path);
  const platforms = [parsePlatform('linux/arm64')];
  const run = (dockerfile: string) => bench.build(dockerfile, context, { platforms });
  const plain = 'FROM scratch\nCOPY bin/busybox /bin/busybox\nRUN ["/bin/busybox", "sh", "-c", "uname -m > /arch"]\n';

  const without = await t.throwsAsync(run(plain), { instanceOf: VarveError });
  t.is(without?.code, 'PLATFORM_FOREIGN');
  t.is(without?.location?.start, 3);

  {
    using _ = binfmt.register('F');
    const built = await bench.build(plain, context, {
      platforms,
      async inspect(image, { files }) {
        const source = files.source(image.layers, await files.tree(image.layers));
        const entry = await source.lookup('arch');
        t.is(entry?.size, 'aarch64\n'.length);
      },
    });
    t.is(built.image.config.value.architecture, 'arm64');
  }
  {
    using _ = binfmt.register('');
    const changed = plain.replace('uname -m', 'uname -a');
    const error = await t.throwsAsync(run(changed), { instanceOf: VarveError });
    t.regex(error?.message ?? '', /qemu-aarch64-static, which this stage's files do not have/);
    mkdirSync(join(context, 'usr'));
    copyFileSync(binfmt.interpreter, join(context, 'usr/qemu'));
    const added = changed.replace('RUN', `COPY usr/qemu ${binfmt.interpreter}\nRUN`);
    t.is((await run(added)).steps.at(-1)!.status, 'done');
  }
});
