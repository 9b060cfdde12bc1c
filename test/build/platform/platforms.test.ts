import test from 'ava';
import { wantedPlatforms } from '../../../src/build/platform/platforms.ts';
import { formatPlatform, parsePlatform } from '../../../src/oci/platform.ts';

const host = parsePlatform('linux/amd64');

const CASES: readonly (readonly [asked: string, multi: string | undefined, platforms: string, isIndex: boolean])[] = [
  ['', undefined, 'linux/amd64', false],
  ['', '1', 'linux/amd64', true],
  ['linux/arm64', undefined, 'linux/arm64', false],
  ['linux/arm64', 'false', 'linux/arm64', false],
  ['linux/arm64 linux/amd64', undefined, 'linux/arm64 linux/amd64', true],
  ['linux/arm64 linux/aarch64 linux/arm64/v8', undefined, 'linux/arm64', false],
  ['linux/arm linux/arm/v7 linux/arm/v6', undefined, 'linux/arm/v7 linux/arm/v6', true],
];
for (const [asked, multi, platforms, isIndex] of CASES) {
  test(`--platform ${asked || '(none)'}${multi === undefined ? '' : `, BUILDKIT_MULTI_PLATFORM=${multi}`}`, (t) => {
    const args = new Map(multi === undefined ? [] : [['BUILDKIT_MULTI_PLATFORM', multi]]);
    const wanted = wantedPlatforms(asked.split(' ').filter(Boolean).map(parsePlatform), host, args);
    t.is(wanted.platforms.map(formatPlatform).join(' '), platforms);
    t.is(wanted.isIndex, isIndex);
  });
}

test('BUILDKIT_MULTI_PLATFORM is a boolean, and false only for one platform', (t) => {
  const asked = ['linux/arm64', 'linux/amd64'].map(parsePlatform);
  t.throws(() => wantedPlatforms(asked, host, new Map([['BUILDKIT_MULTI_PLATFORM', 'maybe']])), { message: /maybe/ });
  t.throws(() => wantedPlatforms(asked, host, new Map([['BUILDKIT_MULTI_PLATFORM', '0']])), { message: /an index/ });
});
