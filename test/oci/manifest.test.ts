import test from 'ava';
import { digestOf } from '../../src/oci/digest.ts';
import { parseManifestDocument } from '../../src/oci/manifest.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_SCHEMA1,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
} from '../../src/oci/media-types.ts';

const descriptor = (mediaType: string, more: object = {}) => ({ mediaType, digest: digestOf('x'), size: 1, ...more });
const manifest = { schemaVersion: 2, config: descriptor(OCI_CONFIG), layers: [descriptor(OCI_LAYER)] };
const index = { schemaVersion: 2, manifests: [descriptor(OCI_MANIFEST)] };
const parse = (document: unknown, mediaType?: string) =>
  parseManifestDocument(Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)), mediaType);

test('the type is the own one, else the one that it came under, else what it looks like', (t) => {
  for (const [document, mediaType, kind, type] of [
    [manifest, undefined, 'manifest', OCI_MANIFEST],
    [manifest, DOCKER_MANIFEST, 'manifest', DOCKER_MANIFEST],
    [{ ...manifest, mediaType: DOCKER_MANIFEST }, undefined, 'manifest', DOCKER_MANIFEST],
    [{ ...manifest, mediaType: OCI_MANIFEST }, 'text/plain', 'manifest', OCI_MANIFEST],
    [index, undefined, 'index', OCI_INDEX],
    [index, DOCKER_LIST, 'index', DOCKER_LIST],
    [{ ...index, mediaType: OCI_INDEX }, OCI_INDEX, 'index', OCI_INDEX],
  ] as const)
    t.like(parse(document, mediaType), { kind, mediaType: type });
});

test('what varve does not know stays', (t) => {
  const parsed = parse({ ...manifest, annotations: { a: 'b' }, later: { x: 1 } });
  t.deepEqual(parsed.kind === 'manifest' && parsed.manifest, {
    ...manifest,
    annotations: { a: 'b' },
    later: { x: 1 },
  } as never);
});

const REFUSED: readonly (readonly [what: string, document: unknown, mediaType?: string])[] = [
  ['both at once', { ...manifest, ...index }],
  ['an index with a config', { ...index, config: manifest.config }],
  ['another type than it was sent as', { ...manifest, mediaType: OCI_MANIFEST }, DOCKER_MANIFEST],
  ['a manifest that calls itself an index', { ...manifest, mediaType: OCI_INDEX }],
  ['no layers', { ...manifest, layers: undefined }],
  ['no config', { ...manifest, config: undefined }],
  ['schema 3', { ...manifest, schemaVersion: 3 }],
  ['a digest of another algorithm', { ...manifest, config: descriptor(OCI_CONFIG, { digest: 'md5:00' }) }],
  ['a negative size', { ...manifest, layers: [descriptor(OCI_LAYER, { size: -1 })] }],
  ['half a byte', { ...manifest, layers: [descriptor(OCI_LAYER, { size: 0.5 })] }],
  ['a size past what numbers can say', { ...manifest, layers: [descriptor(OCI_LAYER, { size: 2 ** 60 })] }],
  ['a size as text', { ...index, manifests: [descriptor(OCI_MANIFEST, { size: '1' })] }],
  ['an annotation that is no text', { ...index, annotations: { a: 1 } }],
  ['a list', []],
  ['null', null],
  ['cut short', JSON.stringify(manifest).slice(0, -1)],
];
for (const [what, document, mediaType] of REFUSED)
  test(`refused: ${what}`, (t) => void t.throws(() => parse(document, mediaType), { code: 'MANIFEST_INVALID' }));

test('schema 1 is refused by name', (t) => {
  t.throws(() => parse({ schemaVersion: 1, fsLayers: [] }), { code: 'MANIFEST_SCHEMA1' });
  for (const type of DOCKER_SCHEMA1) t.throws(() => parse('{}', type), { code: 'MANIFEST_SCHEMA1' });
});
