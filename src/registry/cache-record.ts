import * as z from 'zod';
import { digestSchema } from '../oci/descriptor.ts';
import { type Digest, digestOf } from '../oci/digest.ts';
import { manifestSchema } from '../oci/manifest.ts';
import { layerCompression, OCI_CONFIG, OCI_MANIFEST } from '../oci/media-types.ts';
import { parseJson } from '../oci/parse-json.ts';
import type { RecordSigner } from './record-signer.ts';

/** docs/cache-keys.md, "The remote cache". */
export const RECORD_TYPE = 'application/vnd.varve.record.v1+json';
/** What a step changed, as `src/snapshot/changes-codec.ts` writes it. */
export const CHANGES_TYPE = 'application/vnd.varve.changes.v1+json+zstd';

/** What builds were made of, as `src/build/explain/shared-builds.ts` writes it. */
export const BUILDS_TYPE = 'application/vnd.varve.builds.v1+json+zstd';

/** What the packs of a cache mount have in them, as `src/build/mounts/pack-list.ts` writes it. */
export const PACK_LIST_TYPE = 'application/vnd.varve.packs.v1+json+zstd';

const RECORD = 'vnd.varve.record';
const RECORD_DIGEST = 'vnd.varve.record.digest';
const SIGNATURE = 'vnd.varve.record.signature';

const blobSchema = z.strictObject({
  mediaType: z.string(),
  digest: digestSchema,
  size: z.number().int().nonnegative(),
});
const named = {
  format: z.number().int(),
  /** The keys that it may be found under. */
  keys: z.array(digestSchema).min(1).max(8),
};
const created = z.iso.datetime();
const common = {
  ...named,
  tree: z.strictObject({ exact: digestSchema, content: digestSchema }),
  changes: blobSchema.optional(),
  created,
};
const recordSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('step'),
    ...common,
    platform: z.string(),
    layer: blobSchema,
    diffId: digestSchema,
    /** Content digest of the tree that the step was done on. */
    parent: digestSchema,
    durationMs: z.number().nonnegative(),
  }),
  /** The tree of a stack of layers, under its chainID: `changes` is all of it. */
  z.strictObject({ kind: z.literal('tree'), ...common }),
  /** What a layer became that an output wanted in another form. */
  z.strictObject({
    kind: z.literal('form'),
    ...named,
    created,
    layer: blobSchema,
    diffId: digestSchema,
    /** Of the layer's descriptor. */
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  /** What the last builds of a Dockerfile were made of. */
  z.strictObject({
    kind: z.literal('builds'),
    ...named,
    created,
    builds: blobSchema,
    /** Of the marks that stand for secrets, hex. */
    salt: z.string().regex(/^[0-9a-f]{32}$/),
  }),
  /** What a cache mount had when it was saved. */
  z.strictObject({
    kind: z.literal('mount'),
    ...named,
    created,
    tree: z.strictObject({ exact: digestSchema, content: digestSchema }),
    /** Every entry of the tree. */
    files: blobSchema,
    /** Which contents each pack has. */
    packList: blobSchema,
    packs: z.array(blobSchema).max(4096),
  }),
]);

/** A record as it is in a repository. */
export type CacheRecord = z.infer<typeof recordSchema>;
export type StepCacheRecord = Extract<CacheRecord, { kind: 'step' }>;
export type TreeCacheRecord = Extract<CacheRecord, { kind: 'tree' }>;
export type FormCacheRecord = Extract<CacheRecord, { kind: 'form' }>;
export type BuildsCacheRecord = Extract<CacheRecord, { kind: 'builds' }>;
export type MountCacheRecord = Extract<CacheRecord, { kind: 'mount' }>;

/** Why a record is none. */
export class RecordInvalid extends Error {
  override readonly name = 'RecordInvalid';
  readonly kind: 'damaged' | 'wrong-signature' | 'too-old';

  constructor(message: string, kind: RecordInvalid['kind'] = 'damaged') {
    super(message);
    this.kind = kind;
  }
}

/** The one config of all records: what ordinary tools need to show one. */
export const RECORD_CONFIG = Buffer.from(
  JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [] } }),
);
const CONFIG = { mediaType: OCI_CONFIG, digest: digestOf(RECORD_CONFIG), size: RECORD_CONFIG.length };
export const RECORD_CONFIG_DESCRIPTOR = CONFIG;

/** A record's manifest. Without a signer its digest only shows damage. */
export function encodeRecord(record: CacheRecord, signer?: RecordSigner): Buffer {
  const text = JSON.stringify(recordSchema.parse(record));
  const signature = signer?.sign?.(text);
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: RECORD_TYPE,
      config: CONFIG,
      layers: blobsOf(record),
      annotations: {
        'org.opencontainers.image.created': record.created,
        [RECORD]: text,
        [RECORD_DIGEST]: digestOf(text),
        ...(signature === undefined ? {} : { [SIGNATURE]: signature }),
      },
    }),
  );
}

/**
 * Reads a manifest that was found under a key.
 * @param signer undefined takes records that nobody signed
 * @throws RecordInvalid saying what is wrong
 */
export function decodeRecord(
  bytes: Buffer,
  wanted: {
    readonly kind: CacheRecord['kind'];
    readonly key: Digest;
    readonly format: number;
    readonly platform?: string;
  },
  signer?: RecordSigner,
): CacheRecord {
  const manifest = manifestSchema.safeParse(jsonOf(bytes, 'its manifest')).data;
  if (manifest?.artifactType !== RECORD_TYPE) throw new RecordInvalid(`its manifest is not of type ${RECORD_TYPE}`);
  const { [RECORD]: text, [RECORD_DIGEST]: digest, [SIGNATURE]: signature } = manifest.annotations ?? {};
  if (text === undefined) throw new RecordInvalid(`its manifest has no annotation ${RECORD}`);
  if (digestOf(text) !== digest) throw new RecordInvalid('its digest is not that of its text');
  if (signer && signature === undefined) throw new RecordInvalid('it is not signed', 'wrong-signature');
  if (signer && !signer.verify(text, signature!))
    throw new RecordInvalid('its signature is not of this key', 'wrong-signature');
  const parsed = recordSchema.safeParse(jsonOf(text, 'its text'));
  if (!parsed.success) throw new RecordInvalid(`its text is not a record: ${z.prettifyError(parsed.error)}`);
  const record = parsed.data;
  if (record.kind !== wanted.kind)
    throw new RecordInvalid(`it is a ${record.kind} record, not a ${wanted.kind} record`);
  if (!record.keys.includes(wanted.key)) throw new RecordInvalid('it belongs to other keys');
  if (record.format !== wanted.format) throw new RecordInvalid(`it is of format ${record.format}`);
  if (record.kind === 'step' && record.platform !== wanted.platform)
    throw new RecordInvalid(`it is for ${record.platform}`);
  if ('layer' in record && layerCompression(record.layer.mediaType) === undefined)
    throw new RecordInvalid(`its layer is of type ${record.layer.mediaType}`);
  const listed = manifest.layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
  if (JSON.stringify(listed) !== JSON.stringify(blobsOf(record)) || manifest.config.digest !== CONFIG.digest)
    throw new RecordInvalid('its manifest lists other blobs than its text');
  return record;
}

function blobsOf(record: CacheRecord): z.infer<typeof blobSchema>[] {
  if (record.kind === 'builds') return [record.builds];
  if (record.kind === 'mount') return [record.files, record.packList, ...record.packs];
  const layers = record.kind === 'tree' ? [] : [record.layer];
  return [...layers, ...(record.kind !== 'form' && record.changes ? [record.changes] : [])];
}

function jsonOf(bytes: Buffer | string, what: string): unknown {
  try {
    return parseJson(bytes);
  } catch {
    throw new RecordInvalid(`${what} is not JSON`);
  }
}
