import test from 'ava';
import { parseReference } from '../../src/oci/reference.ts';
import { parseImageName } from '../../src/registry/image-name.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

test("images are named as in skopeo; a name alone is a registry's", (t) => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['a.example/b:1', { kind: 'registry', reference: parseReference('a.example/b:1') }],
    ['localhost:5000/b', { kind: 'registry', reference: parseReference('localhost:5000/b') }],
    ['docker://busybox', { kind: 'registry', reference: parseReference('busybox') }],
    ['store:a:1', { kind: 'store', reference: parseReference('a:1') }],
    ['oci:/d', { kind: 'oci', path: '/d' }],
    ['oci:d:a.example/b:1', { kind: 'oci', path: 'd', tag: 'a.example/b:1' }],
    [`oci:d@${DIGEST}`, { kind: 'oci', path: 'd', digest: DIGEST }],
    ['oci-archive:f.tar:1', { kind: 'oci-archive', path: 'f.tar', tag: '1' }],
    ['docker-archive:f:a:1', { kind: 'docker-archive', path: 'f', tag: 'a:1' }],
    ['./layout', { kind: 'oci', path: './layout' }],
    ['/x/image.tar', { kind: 'oci-archive', path: '/x/image.tar' }],
  ];
  for (const [text, expected] of rows) t.deepEqual(parseImageName(text) as unknown, expected, text);
  for (const text of ['docker-daemon:a', 'dir:/x', 'oci:', 'oci::tag'])
    t.throws(() => parseImageName(text), { code: 'USAGE' });
  t.throws(() => parseImageName('UPPER'), { code: 'REFERENCE_INVALID' });
});
