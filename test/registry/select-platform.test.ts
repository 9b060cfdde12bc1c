import test from 'ava';
import { digestOf } from '../../src/oci/digest.ts';
import { formatPlatform, parsePlatform } from '../../src/oci/platform.ts';
import { acceptsPlatform, offeredPlatforms, selectPlatform } from '../../src/registry/select-platform.ts';

const index = (offered: string) =>
  offered.split(' ').map((text) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digestOf(text),
    size: 1,
    platform: { ...parsePlatform(text) },
  }));

/** What an index offers, what is wanted, what is taken. */
const CASES: readonly (readonly [offered: string, wanted: string, taken: string | undefined])[] = [
  ['linux/amd64 linux/arm64', 'linux/arm64', 'linux/arm64'],
  ['linux/amd64 linux/arm64', 'linux/arm64/v8', 'linux/arm64'],
  ['linux/arm/v6 linux/arm/v7', 'linux/arm/v7', 'linux/arm/v7'],
  ['linux/arm/v6 linux/arm/v7', 'linux/arm', 'linux/arm/v7'],
  ['linux/arm/v5 linux/arm/v6', 'linux/arm/v7', 'linux/arm/v6'],
  ['linux/arm/v7', 'linux/arm/v6', undefined],
  ['linux/arm/v6 linux/arm/v7', 'linux/arm64', 'linux/arm/v7'],
  ['linux/arm64', 'linux/arm/v7', undefined],
  ['linux/amd64/v2 linux/amd64 linux/amd64/v3', 'linux/amd64/v3', 'linux/amd64/v3'],
  ['linux/amd64/v2 linux/amd64', 'linux/amd64/v4', 'linux/amd64/v2'],
  ['linux/amd64/v2', 'linux/amd64', undefined],
  ['linux/386 linux/arm64', 'linux/amd64', 'linux/386'],
  ['linux/386 linux/amd64', 'linux/amd64', 'linux/amd64'],
  ['linux/amd64', 'linux/386', undefined],
  ['windows/amd64', 'linux/amd64', undefined],
];
for (const [offered, wanted, taken] of CASES) {
  test(`of ${offered}, ${wanted} takes ${taken ?? 'nothing'}`, (t) => {
    const chosen = selectPlatform(index(offered), parsePlatform(wanted));
    t.is(chosen?.platform && formatPlatform(chosen.platform), taken);
  });
}

test('a config without a variant is of any', (t) => {
  t.true(acceptsPlatform({ os: 'linux', architecture: 'arm' }, parsePlatform('linux/arm/v6')));
  t.false(acceptsPlatform({ os: 'linux', architecture: 'arm', variant: 'v7' }, parsePlatform('linux/arm/v6')));
  t.false(acceptsPlatform({ os: 'linux', architecture: 'arm64' }, parsePlatform('linux/amd64')));
});

test('what an index offers is named once, without attestations', (t) => {
  const attestation = { ...index('linux/amd64')[0]!, platform: { os: 'unknown', architecture: 'unknown' } };
  t.deepEqual(offeredPlatforms([...index('linux/arm64 linux/amd64 linux/arm64'), attestation]), [
    'linux/amd64',
    'linux/arm64',
  ]);
});
