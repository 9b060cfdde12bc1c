import test from 'ava';
import { descriptorSchema } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';

const descriptor = { mediaType: 'a/b', digest: digestOf('x'), size: 0 };

test('all fields, and those of later versions', (t) => {
  const full = {
    ...descriptor,
    size: Number.MAX_SAFE_INTEGER,
    urls: ['https://example.com/x'],
    annotations: { a: '' },
    platform: { os: 'linux', architecture: 'arm', variant: 'v7', 'os.version': '1', later: true },
    artifactType: 'c/d',
    data: 'eA==',
  };
  t.deepEqual<unknown, unknown>(descriptorSchema.parse(full), full);
  t.deepEqual<unknown, unknown>(descriptorSchema.parse(descriptor), descriptor);
});

for (const [what, wrong] of Object.entries({
  'no type': { mediaType: undefined },
  'no digest': { digest: undefined },
  'a digest in upper case': { digest: descriptor.digest.toUpperCase() },
  'no size': { size: undefined },
  'a size below zero': { size: -1 },
  'a size that is not exact': { size: Number.MAX_SAFE_INTEGER + 1 },
  'urls that are no list': { urls: 'x' },
  'a platform without an os': { platform: { architecture: 'arm' } },
}))
  test(`refused: ${what}`, (t) => t.false(descriptorSchema.safeParse({ ...descriptor, ...wrong }).success));
