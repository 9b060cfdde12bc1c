import test from 'ava';
import {
  formatPlatform,
  hostPlatform,
  normalizePlatform,
  parsePlatform,
  parsePlatformOn,
  samePlatform,
} from '../../src/oci/platform.ts';

const machine = parsePlatform('linux/arm/v6');

/** containerd's platforms_test.go, TestParseSelector, for a machine that is linux/arm/v6. */
const READ: readonly (readonly [text: string, platform: string])[] = [
  ['linux/amd64', 'linux/amd64'],
  ['linux/x86_64', 'linux/amd64'],
  ['linux/x86-64', 'linux/amd64'],
  ['linux/amd64/v1', 'linux/amd64'],
  ['linux/amd64/v3', 'linux/amd64/v3'],
  ['linux/i386', 'linux/386'],
  ['linux/aarch64', 'linux/arm64'],
  ['linux/arm64/v8', 'linux/arm64'],
  ['linux/arm64/8', 'linux/arm64'],
  ['linux/arm', 'linux/arm/v7'],
  ['linux/armhf', 'linux/arm/v7'],
  ['linux/armel', 'linux/arm/v6'],
  ['linux/arm/7', 'linux/arm/v7'],
  ['linux/arm/v5', 'linux/arm/v5'],
  ['LINUX/AMD64', 'linux/amd64'],
  ['macOS/arm64', 'darwin/arm64'],
  ['windows/amd64', 'windows/amd64'],
  ['linux/unheard-of', 'linux/unheard-of'],
  // One word: an architecture is linux's, an os has the machine's architecture.
  ['arm64', 'linux/arm64'],
  ['aarch64', 'linux/arm64'],
  ['ARM64', 'linux/arm64'],
  ['amd64', 'linux/amd64'],
  ['x86_64', 'linux/amd64'],
  ['armel', 'linux/arm/v6'],
  ['arm', 'linux/arm/v7'],
  ['s390x', 'linux/s390x'],
  ['linux', 'linux/arm/v6'],
  ['macos', 'darwin/arm/v6'],
  ['windows', 'windows/arm/v6'],
];
for (const [text, platform] of READ)
  test(`${text} is ${platform}`, (t) => t.is(formatPlatform(parsePlatformOn(machine, text)), platform));

for (const text of ['', '/', 'linux/', '/amd64', 'linux/arm/v7/x', 'linux/&arm', 'linux arm', 'unheard-of'])
  test(`${JSON.stringify(text)} is refused`, (t) => {
    const error = t.throws(() => parsePlatformOn(machine, text), { name: 'VarveError', code: 'PLATFORM_INVALID' });
    t.true(error?.message.startsWith(`platform ${JSON.stringify(text)} `));
  });

test('an os alone needs a machine', (t) => {
  t.throws(() => parsePlatform('linux'), { message: 'platform "linux" has no architecture' });
  t.is(formatPlatform(parsePlatform('arm64')), 'linux/arm64');
});

test('os.version stays, an empty variant goes', (t) => {
  t.deepEqual(normalizePlatform({ os: 'Windows', architecture: 'x86_64', variant: '', 'os.version': '10.0.1' }), {
    os: 'windows',
    architecture: 'amd64',
    'os.version': '10.0.1',
  });
});

test('the same platform under other names', (t) => {
  t.true(samePlatform({ os: 'linux', architecture: 'aarch64' }, { os: 'Linux', architecture: 'arm64', variant: 'v8' }));
  t.true(samePlatform({ os: 'linux', architecture: 'arm' }, { os: 'linux', architecture: 'arm', variant: '7' }));
  t.false(samePlatform({ os: 'linux', architecture: 'arm' }, { os: 'linux', architecture: 'arm', variant: 'v6' }));
});

test("the process's own", (t) => {
  t.is(formatPlatform(hostPlatform('linux', 'x64')), 'linux/amd64');
  t.is(formatPlatform(hostPlatform('linux', 'ia32')), 'linux/386');
  t.is(formatPlatform(hostPlatform('darwin', 'arm64')), 'darwin/arm64');
  t.is(formatPlatform(hostPlatform('linux', 's390x')), 'linux/s390x');
});
