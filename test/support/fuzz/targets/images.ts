import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { digestHex, digestOf } from '../../../../src/oci/digest.ts';
import { parseImageConfig } from '../../../../src/oci/image-config.ts';
import { parseManifestDocument } from '../../../../src/oci/manifest.ts';
import { DOCKER_CONFIG, OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../../../src/oci/media-types.ts';
import { parsePlatform } from '../../../../src/oci/platform.ts';
import { parseReference } from '../../../../src/oci/reference.ts';
import { collect } from '../../../../src/registry/image-files.ts';
import { readContent } from '../../../../src/registry/image-source.ts';
import { openImage } from '../../../../src/registry/open-image.ts';
import { makeTar, paxHeader } from '../../../fixtures/make-tar.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const LAYER = gzipSync(makeTar([{ name: 'f', content: 'f' }]));
const CONFIG = json({
  created: '2024-01-01T00:00:00Z',
  architecture: 'amd64',
  os: 'linux',
  config: {
    User: '1000:1000',
    ExposedPorts: { '80/tcp': {} },
    Env: ['PATH=/bin', 'A=b=c'],
    Cmd: ['sh'],
    Volumes: { '/v': {} },
    WorkingDir: '/w',
    Labels: { 'a.b': 'c' },
    Healthcheck: { Test: ['CMD', 'x'], Interval: 1_000_000_000 },
    OnBuild: ['RUN true'],
  },
  rootfs: { type: 'layers', diff_ids: [digestOf(makeTar([{ name: 'f', content: 'f' }]))] },
  history: [{ created: '2024-01-01T00:00:00Z', created_by: 'COPY f', empty_layer: false }],
});
const MANIFEST = json({
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: { mediaType: OCI_CONFIG, digest: digestOf(CONFIG), size: CONFIG.length },
  layers: [{ mediaType: OCI_LAYER_GZIP, digest: digestOf(LAYER), size: LAYER.length, annotations: { k: 'v' } }],
});
const INDEX = json({
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests: [
    {
      mediaType: OCI_MANIFEST,
      digest: digestOf(MANIFEST),
      size: MANIFEST.length,
      platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
      annotations: { 'org.opencontainers.image.ref.name': 'v1' },
    },
  ],
});

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function archives(): Buffer[] {
  const blob = (bytes: Buffer) => ({ name: `blobs/sha256/${digestHex(digestOf(bytes))}`, content: bytes });
  const oci = makeTar([
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', content: INDEX },
    ...[MANIFEST, CONFIG, LAYER].map(blob),
  ]);
  const docker = makeTar([
    { name: 'c.json', content: CONFIG },
    paxHeader({ path: 'l/layer.tar' }),
    { name: 'x', content: LAYER },
    { name: 'm/layer.tar', type: '2', link: '../l/layer.tar' },
    {
      name: 'manifest.json',
      content: json([{ Config: 'c.json', RepoTags: ['a/b:1'], Layers: ['l/layer.tar', 'm/layer.tar'] }]),
    },
  ]);
  return [oci, docker];
}

/** Manifests and configs as they come from a registry; archives of images with all that is in them. */
export function imageTargets(): FuzzTarget[] {
  const directory = mkdtempSync(join(tmpdir(), 'varve-fuzz-image-'));
  const signal = new AbortController().signal;
  const never = async (): Promise<never> => {
    throw new Error('nothing is asked of a registry');
  };
  return [
    {
      name: 'manifest',
      json: true,
      samples: [MANIFEST, INDEX],
      read: (bytes) => parseManifestDocument(bytes, undefined),
    },
    { name: 'image-config', json: true, samples: [CONFIG], read: (bytes) => parseImageConfig(bytes) },
    {
      name: 'reference',
      samples: ['registry.example:5000/a/b:tag@sha256:'.concat('0'.repeat(64)), 'alpine', 'a/b.c_d:x'].map((text) =>
        Buffer.from(text),
      ),
      tokens: ['@', ':', '/', '..', '//', 'sha256:', 'localhost/'],
      read: (bytes) => parseReference(bytes.toString()),
    },
    {
      name: 'platform',
      samples: ['linux/arm/v7', 'arm64'].map((text) => Buffer.from(text)),
      tokens: ['/', '(', ')', '+'],
      read: (bytes) => parsePlatform(bytes.toString()),
    },
    {
      name: 'image-archive',
      samples: archives(),
      tokens: ['../../etc/passwd', '"layers":', '"Layers":["', DOCKER_CONFIG, '99 path=x\n', '{"schemaVersion":2}'],
      async read(bytes) {
        const path = join(directory, 'image.tar');
        writeFileSync(path, bytes);
        const deps = { registry: { manifest: never, blob: never, referrers: never }, store: directory, signal };
        const source = await openImage({ kind: 'oci-archive', path }, 'image.tar', deps);
        try {
          const content = await readContent(source);
          for (const image of 'images' in content ? content.images : [content]) {
            for (const layer of image.layers) await collect(source.open(layer));
          }
        } finally {
          await source.close();
        }
      },
      [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }),
    },
  ];
}
