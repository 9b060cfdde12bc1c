import test from 'ava';
import { digestBytes, digestFromBytes, digestHex, digestOf, isDigest, parseDigest } from '../../src/oci/digest.ts';

/** sha256 of nothing and of `abc`. @see FIPS 180-4, NIST's examples */
const NOTHING = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const ABC = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

test('known digests, of text and of bytes', (t) => {
  t.is<string, string>(digestOf(''), NOTHING);
  t.is<string, string>(digestOf('abc'), ABC);
  t.is(digestOf('é'), digestOf(Buffer.from([0xc3, 0xa9])));
});

test('hex and bytes, there and back', (t) => {
  const digest = parseDigest(ABC);
  t.is(`sha256:${digestHex(digest)}`, ABC);
  const inside = Buffer.concat([Buffer.from('x'), digestBytes(digest), Buffer.from('y')]);
  t.is(digestFromBytes(inside.subarray(1, 33)), digest);
});

for (const text of ['', 'sha256:', ABC.toUpperCase(), `${ABC}0`, ABC.slice(0, -1), `x${ABC}`, 'md5:abc'])
  test(`${JSON.stringify(text.slice(0, 20))}… of ${text.length} is none`, (t) => {
    t.false(isDigest(text));
    t.throws(() => parseDigest(text), { code: 'DIGEST_INVALID' });
  });
