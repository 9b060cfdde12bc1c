import test from 'ava';
import * as types from '../../src/oci/media-types.ts';

const { layerCompression, ociLayerType, toDockerType, toOciType } = types;

const LAYERS: readonly (readonly [oci: string, docker: string, compression: types.Compression])[] = [
  [types.OCI_LAYER, types.DOCKER_LAYER, 'none'],
  [types.OCI_LAYER_GZIP, types.DOCKER_LAYER_GZIP, 'gzip'],
  [types.OCI_LAYER_ZSTD, types.DOCKER_LAYER_ZSTD, 'zstd'],
];

test('layers of both families', (t) => {
  for (const [oci, docker, compression] of LAYERS) {
    t.is(layerCompression(oci), compression);
    t.is(layerCompression(docker), compression);
    t.is(ociLayerType(compression), oci);
    t.is(toOciType(docker), oci);
    t.is(toDockerType(oci), docker);
    t.is(toOciType(oci), oci);
    t.is(toDockerType(docker), docker);
  }
});

test('layers that are not to be distributed', (t) => {
  t.is(layerCompression(types.DOCKER_FOREIGN_LAYER), 'gzip');
  const base = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
  for (const [suffix, compression] of [
    ['', 'none'],
    ['+gzip', 'gzip'],
    ['+zstd', 'zstd'],
  ] as const) {
    t.is(layerCompression(base + suffix), compression);
    t.is(toDockerType(base + suffix), base + suffix);
  }
});

test('manifests, and what is no layer', (t) => {
  t.is(toOciType(types.DOCKER_MANIFEST), types.OCI_MANIFEST);
  t.is(toOciType(types.DOCKER_LIST), types.OCI_INDEX);
  t.is(toOciType(types.DOCKER_CONFIG), types.OCI_CONFIG);
  for (const type of ['application/vnd.in-toto+json', types.OCI_CONFIG, `${types.OCI_LAYER}+brotli`, '']) {
    t.is(layerCompression(type), undefined);
    t.is(toOciType(type), type);
    t.is(toDockerType(type), type);
  }
});
