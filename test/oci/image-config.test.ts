import test from 'ava';
import { digestOf } from '../../src/oci/digest.ts';
import { parseImageConfig } from '../../src/oci/image-config.ts';

const config = { architecture: 'arm', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf('a')] } };
const parse = (document: unknown) => parseImageConfig(Buffer.from(JSON.stringify(document)));

test('every field is kept, also those that varve does not know', (t) => {
  const full = {
    ...config,
    variant: 'v7',
    'os.version': '10.0.1',
    'os.features': ['win32k'],
    created: '2024-01-02T03:04:05.123456789Z',
    author: 'a',
    config: {
      User: 'u',
      Env: ['A=b'],
      Cmd: null,
      Volumes: { '/v': {} },
      Labels: null,
      Healthcheck: { Test: ['NONE'], Interval: 30e9 },
      OnBuild: ['RUN x'],
      Later: 1,
    },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: 'x', empty_layer: true }, { comment: 'c' }],
    moby: { x: 1 },
  };
  t.deepEqual<unknown, unknown>(parse(full), full);
});

test('what Go writes for nothing', (t) => {
  t.is(parse({ ...config, config: null, history: null }).config, null);
  t.deepEqual(parse(config).rootfs.diff_ids, [digestOf('a')]);
});

for (const [what, document] of [
  ['no os', { ...config, os: undefined }],
  ['no architecture', { ...config, architecture: undefined }],
  ['no rootfs', { ...config, rootfs: undefined }],
  ['a diffID that is none', { ...config, rootfs: { type: 'layers', diff_ids: ['sha256:0'] } }],
  ['another kind of rootfs', { ...config, rootfs: { type: 'vhd', diff_ids: [] } }],
  ['Env as a map', { ...config, config: { Env: { A: 'b' } } }],
  ['a list', [config]],
] as const)
  test(`refused: ${what}`, (t) => void t.throws(() => parse(document), { code: 'CONFIG_INVALID' }));

test('no JSON', (t) => {
  t.throws(() => parseImageConfig(Buffer.from('{')), { code: 'CONFIG_INVALID', message: /not JSON/ });
});
