import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { OCI_LAYER_GZIP } from '../../src/oci/media-types.ts';
import {
  CHANGES_TYPE,
  decodeRecord,
  encodeRecord,
  RecordInvalid,
  type StepCacheRecord,
} from '../../src/registry/cache-record.ts';
import { createRecordSigner, type RecordSigner } from '../../src/registry/record-signer.ts';

const digest = (text: string): Digest => digestOf(text);
const RECORD: StepCacheRecord = {
  kind: 'step',
  format: 1,
  keys: [digest('step key'), digest('content key')],
  tree: { exact: digest('exact'), content: digest('content') },
  changes: { mediaType: CHANGES_TYPE, digest: digest('changes'), size: 7 },
  created: '2026-01-02T03:04:05.678Z',
  platform: 'linux/amd64',
  layer: { mediaType: OCI_LAYER_GZIP, digest: digest('layer'), size: 5 },
  diffId: digest('diff'),
  parent: digest('parent'),
  durationMs: 12,
};
const WANTED = { kind: 'step', key: digest('step key'), format: 1, platform: 'linux/amd64' } as const;
const SECRET = createRecordSigner(Buffer.from('a secret of some length\n'));

test('a record comes back as it was, under each of its keys', (t) => {
  const bytes = encodeRecord(RECORD);
  t.deepEqual(decodeRecord(bytes, WANTED), RECORD);
  t.deepEqual(decodeRecord(bytes, { ...WANTED, key: digest('content key') }), RECORD);
  t.is(JSON.parse(bytes.toString()).artifactType, 'application/vnd.varve.record.v1+json');
});

test('a layer of a type that no image has is none', (t) => {
  const bytes = encodeRecord({ ...RECORD, layer: { ...RECORD.layer, mediaType: 'application/x' } });
  t.throws(() => decodeRecord(bytes, WANTED), { instanceOf: RecordInvalid, message: /its layer is of type/ });
});

test('what is not asked for is none', (t) => {
  const bytes = encodeRecord(RECORD);
  const none = (wanted: Parameters<typeof decodeRecord>[1]) =>
    t.throws(() => decodeRecord(bytes, wanted), { instanceOf: RecordInvalid });
  none({ ...WANTED, key: digest('another key') });
  none({ ...WANTED, kind: 'tree' });
  none({ ...WANTED, format: 2 });
  none({ ...WANTED, platform: 'linux/arm64' });
});

for (const [name, signer] of [
  ['unsigned', undefined],
  ['signed', SECRET],
] as const) {
  test(`no flipped bit of an ${name} manifest gives another record`, (t) => {
    const bytes = encodeRecord(RECORD, signer);
    let accepted = 0;
    for (let i = 0; i < bytes.length * 8; i++) {
      const damaged = Buffer.from(bytes);
      damaged[i >> 3] = damaged[i >> 3]! ^ (1 << (i & 7));
      try {
        const found = decodeRecord(damaged, WANTED, signer);
        accepted++;
        if (JSON.stringify(found) !== JSON.stringify(RECORD)) t.fail(`bit ${i}: ${damaged.toString('latin1')}`);
      } catch (error) {
        if (!(error instanceof RecordInvalid)) throw error;
      }
    }
    // Only what says nothing of the record: the creation annotation, sizes of the config, names that nobody reads.
    t.true(accepted < bytes.length);
  });
}

test('whoever can write to the repository cannot sign: every field changed, its digest made right', (t) => {
  const pair = (type: 'ed25519' | 'ec') => {
    const { privateKey, publicKey } =
      type === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
    const pem = [
      privateKey.export({ type: 'pkcs8', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'pem' }),
    ];
    return pem.map((text) => createRecordSigner(Buffer.from(text))) as [RecordSigner, RecordSigner];
  };
  for (const [signer, verifier] of [[SECRET, SECRET] as const, pair('ed25519'), pair('ec')]) {
    const signed = JSON.parse(encodeRecord(RECORD, signer).toString()) as {
      layers: unknown[];
      annotations: Record<string, string>;
    };
    t.is(verifier.id, signer.id);
    t.deepEqual(decodeRecord(Buffer.from(JSON.stringify(signed)), WANTED, verifier), RECORD);
    const evil = digest('evil');
    const changes: Partial<StepCacheRecord>[] = [
      { layer: { ...RECORD.layer, digest: evil } },
      { layer: { ...RECORD.layer, size: 6 } },
      { layer: { ...RECORD.layer, mediaType: 'application/x' } },
      { diffId: evil },
      { keys: [...RECORD.keys, evil] },
      { tree: { ...RECORD.tree, exact: evil } },
      { tree: { ...RECORD.tree, content: evil } },
      { changes: { ...RECORD.changes!, digest: evil } },
      { parent: evil },
      { created: '2027-01-01T00:00:00.000Z' },
      { durationMs: 1 },
    ];
    for (const change of changes) {
      const forged = JSON.parse(encodeRecord({ ...RECORD, ...change }).toString()) as typeof signed;
      const signature = signed.annotations['vnd.varve.record.signature']!;
      for (const given of [signature, undefined, '', 'ed25519:', `hmac-sha256:${'0'.repeat(64)}`]) {
        const annotations = {
          ...forged.annotations,
          ...(given === undefined ? {} : { 'vnd.varve.record.signature': given }),
        };
        const bytes = Buffer.from(JSON.stringify({ ...forged, annotations }));
        t.throws(() => decodeRecord(bytes, WANTED, verifier), { instanceOf: RecordInvalid });
      }
    }
  }
});

test('keys that cannot be used are refused', (t) => {
  const refused = (text: string) => t.throws(() => createRecordSigner(Buffer.from(text)), { code: 'CACHE_KEY' });
  refused('short');
  refused('-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n');
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  refused(privateKey);
});
