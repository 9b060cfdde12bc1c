import test from 'ava';
import { digestOf } from '../../src/oci/digest.ts';
import { formatReference, manifestName, parseReference } from '../../src/oci/reference.ts';

const digest = digestOf('x');

/** As distribution's reference/normalize_test.go. */
const READ: readonly (readonly [text: string, full: string])[] = [
  ['debian', 'docker.io/library/debian:latest'],
  ['debian:12', 'docker.io/library/debian:12'],
  ['org/app', 'docker.io/org/app:latest'],
  ['docker.io/debian', 'docker.io/library/debian:latest'],
  ['index.docker.io/debian', 'docker.io/library/debian:latest'],
  ['docker.io/org/app:1', 'docker.io/org/app:1'],
  ['localhost/app', 'localhost/app:latest'],
  ['LOCALHOST/app', 'LOCALHOST/app:latest'],
  ['host:5000/app', 'host:5000/app:latest'],
  ['host:5000/a/b/c:tag', 'host:5000/a/b/c:tag'],
  ['127.0.0.1:1/a', '127.0.0.1:1/a:latest'],
  ['[::1]:5000/a:1', '[::1]:5000/a:1'],
  ['ghcr.io/a__b/c-d--e/f.g:V_1.2-3', 'ghcr.io/a__b/c-d--e/f.g:V_1.2-3'],
  [`debian@${digest}`, `docker.io/library/debian@${digest}`],
  [`host.example/a:1@${digest}`, `host.example/a:1@${digest}`],
  [`a:${'t'.repeat(128)}`, `docker.io/library/a:${'t'.repeat(128)}`],
  ['a/b'.padEnd(255, 'c'), `docker.io/${'a/b'.padEnd(255, 'c')}:latest`],
];
for (const [text, full] of READ) {
  test(`${text} is ${full}`, (t) => {
    const reference = parseReference(text);
    t.is(formatReference(reference), full);
    t.deepEqual(parseReference(full), reference, 'the full name reads as the same');
  });
}

const REFUSED: readonly (readonly [text: string, why: RegExp])[] = [
  ['', /character that is not allowed/],
  ['Debian', /must be lower-case/],
  ['host.example/Org/app', /must be lower-case/],
  ['a//b', /not allowed/],
  ['a/', /not allowed/],
  ['-a', /not allowed/],
  ['a..b', /not allowed/],
  ['a b', /not allowed/],
  ['https://host/a', /./],
  ['a:', /"" is not a tag/],
  ['a:-1', /"-1" is not a tag/],
  [`a:${'t'.repeat(129)}`, /is not a tag/],
  ['a@', /"" is not a sha256 digest/],
  ['a@sha256:abc', /not a sha256 digest/],
  [`a@sha512:${'0'.repeat(128)}`, /not a sha256 digest/],
  [`a@${digest.toUpperCase()}`, /not a sha256 digest/],
  ['a/b'.padEnd(256, 'c'), /not allowed/],
  ['ho_st.example:1/a', /not a host name/],
  ['host:port/a', /not a host name/],
];
for (const [text, why] of REFUSED)
  test(`${JSON.stringify(text)} is refused`, (t) => {
    const error = t.throws(() => parseReference(text), { code: 'REFERENCE_INVALID' });
    t.regex(error?.message ?? '', why);
  });

test('a digest goes before a tag', (t) => {
  t.is(manifestName(parseReference(`a:1@${digest}`)), digest);
  t.is(manifestName(parseReference('a:1')), '1');
  t.is(manifestName({ registry: 'r', repository: 'a' }), 'latest');
});
