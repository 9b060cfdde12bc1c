import test from 'ava';
import { formatPlatform, parsePlatform } from '../../../src/oci/platform.ts';
import { type DispatchTextOptions, dispatchText, planText } from '../support/dispatch-text.ts';

const ARM: DispatchTextOptions = { platform: parsePlatform('linux/arm/v7') };

/** FROM lines, and each stage's base and platform. */
const ROWS: readonly (readonly [
  title: string,
  lines: readonly string[],
  stages: readonly string[],
  options?: DispatchTextOptions,
])[] = [
  ['an image', ['FROM debian'], ['image debian linux/arm/v7'], ARM],
  ['nothing', ['FROM scratch'], ['scratch linux/arm/v7'], ARM],
  ['nothing is always of the target', ['FROM --platform=$BUILDPLATFORM scratch'], ['scratch linux/arm/v7'], ARM],
  [
    'the build platform',
    ['FROM --platform=$BUILDPLATFORM go', 'FROM a'],
    ['image go linux/amd64', 'image a linux/arm/v7'],
    ARM,
  ],
  ['a platform in words', ['FROM --platform=linux/${TARGETARCH}/v6 a'], ['image a linux/arm/v6'], ARM],
  ['an alias', ['FROM --platform=linux/aarch64 a'], ['image a linux/arm64']],
  [
    'a platform by --build-arg',
    ['FROM --platform=$BUILDPLATFORM a'],
    ['image a linux/s390x'],
    { args: { BUILDPLATFORM: 'linux/s390x' } },
  ],
  ['a stage, whatever its case is', ['FROM a AS Base', 'FROM BASE'], ['image a linux/amd64', 'stage 0 linux/amd64']],
  [
    'a later stage of the same name',
    ['FROM a AS x', 'FROM b AS x', 'FROM x'],
    ['image a linux/amd64', 'image b linux/amd64', 'stage 1 linux/amd64'],
  ],
  ['a stage of its own name is an image', ['FROM debian AS debian'], ['image debian linux/amd64']],
  ['a global ARG', ['ARG v=12', 'FROM debian:$v'], ['image debian:12 linux/amd64']],
  [
    'a global ARG by --build-arg',
    ['ARG v=12', 'FROM debian:$v'],
    ['image debian:13 linux/amd64'],
    { args: { v: '13' } },
  ],
  ['stages after the target are not planned', ['FROM a AS one', 'FROM b'], ['image a linux/amd64'], { target: 'ONE' }],
];
for (const [title, lines, expected, options] of ROWS) {
  test(`FROM ${title}`, (t) => {
    const shown = planText(lines, options).stages.map(({ base, platform }) => {
      const name =
        base.kind === 'image' ? `image ${base.reference}` : base.kind === 'stage' ? `stage ${base.index}` : base.kind;
      return `${name} ${formatPlatform(platform)}`;
    });
    t.deepEqual(shown, [...expected]);
  });
}

test('a platform of one word', (t) => {
  for (const [word, expected] of [
    ['arm64', 'linux/arm64'],
    ['linux', 'linux/amd64'],
    ['$A', 'linux/s390x'],
  ] as const)
    t.is(formatPlatform(planText(['ARG A=s390x', `FROM --platform=${word} a`]).target.platform), expected);
});

const REFUSED: readonly (readonly [lines: readonly string[], message: RegExp])[] = [
  [['FROM $nothing'], /base name \(\$nothing\) should not be blank/],
  [['FROM --platform=$nothing a'], /empty platform value/],
  [['FROM --platform=linus a'], /platform "linus" is no os, no architecture/],
];
for (const [lines, message] of REFUSED) {
  test(`${lines[0]} is refused`, (t) => void t.throws(() => planText(lines), { message }));
}

test('an unknown target names the stages there are', (t) => {
  t.throws(() => planText(['FROM a AS one'], { target: 'two' }), { message: /target stage "two" could not be found/ });
});

test('the automatic arguments of a platform', async (t) => {
  const names = ['PLATFORM', 'OS', 'ARCH', 'VARIANT', 'OSVERSION'];
  const all = ['TARGET', 'BUILD'].flatMap((prefix) => names.map((name) => prefix + name));
  const { state } = await dispatchText(['FROM a', `ARG ${all.join(' ')} TARGETSTAGE`], ARM);
  const value = new Map(state.args.map(({ key, value: of }) => [key, of]));
  t.deepEqual(
    all.map((name) => value.get(name)),
    ['linux/arm/v7', 'linux', 'arm', 'v7', '', 'linux/amd64', 'linux', 'amd64', '', ''],
  );
  t.is(value.get('TARGETSTAGE'), 'default');
});

test('automatic arguments are seen by stages that declare them, and TARGETSTAGE is the target', async (t) => {
  const { state } = await dispatchText(['FROM a AS final', 'ARG TARGETSTAGE', 'ENV a=$TARGETARCH b=$TARGETSTAGE']);
  t.deepEqual(state.config.Env?.slice(1), ['a=', 'b=final']);
});

test('SOURCE_DATE_EPOCH is seconds, of --build-arg or of a global ARG', (t) => {
  t.is(planText(['FROM a'], { args: { SOURCE_DATE_EPOCH: '12' } }).epoch, 12);
  t.is(planText(['ARG SOURCE_DATE_EPOCH=13', 'FROM a']).epoch, 13);
  t.is(planText(['ARG SOURCE_DATE_EPOCH=13', 'FROM a'], { args: { SOURCE_DATE_EPOCH: '' } }).epoch, undefined);
  t.throws(() => planText(['FROM a'], { args: { SOURCE_DATE_EPOCH: 'context' } }), {
    message: /=context is not a time/,
  });
});

test('an image that COPY or a mount reads is of the target platform', async (t) => {
  const lines = ['FROM --platform=$BUILDPLATFORM go', 'COPY --from=tool /a /', 'RUN --mount=from=tool,target=/m x'];
  const { steps } = await dispatchText(lines, ARM);
  t.like(steps[0], { from: { kind: 'image', reference: 'tool', platform: ARM.platform! } });
  t.like(steps[1], { mounts: [{ from: { kind: 'image', platform: ARM.platform! } }] });
});
