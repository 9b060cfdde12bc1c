import { createHash } from 'node:crypto';
import test from 'ava';
import { type Input, stepKey } from '../../../src/build/cache/step-key.ts';
import { FORMAT } from '../../../src/layer/format.ts';
import { type Digest, digestFromBytes } from '../../../src/oci/digest.ts';

/** As docs/cache-keys.md says it, one field after the other. */
function framed(fields: readonly string[]): Digest {
  const hash = createHash('sha256');
  for (const field of fields) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(Buffer.byteLength(field)));
    hash.update(length).update(field);
  }
  return digestFromBytes(hash.digest());
}

test('a key is the digest of its fields, each framed by its length, however many and long they are', (t) => {
  const texts = [
    '',
    'a',
    'ä',
    '日本',
    '\ud83d\ude00',
    'x'.repeat(21_000),
    'ö'.repeat(21_842),
    'y'.repeat(65_528),
    'z'.repeat(200_000),
  ];
  const inputs: Input[] = texts.flatMap((a) => texts.map((b): Input => [a, b]));
  for (let i = 0; i < 5_000; i++) inputs.push([`line ${i}`, 'é'.repeat(i % 50)]);
  const platform = { os: 'linux', architecture: 'amd64' };
  const fields = [
    'varve.step',
    String(FORMAT),
    'copy',
    'linux/amd64',
    '2',
    'p',
    'q',
    String(inputs.length),
    ...inputs.flat(),
  ];
  t.is(stepKey({ kind: 'copy', platform, inputs }, ['p', 'q']), framed(fields));
});
