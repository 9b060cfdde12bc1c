import test from 'ava';
import {
  DEFAULT_PATH,
  imageState,
  importedState,
  scratchState,
  setVariable,
  splitEnv,
  stageState,
  userOf,
  withHistory,
  withLayerHistory,
  workdirOf,
} from '../../src/instructions/stage-state.ts';
import { digestOf } from '../../src/oci/digest.ts';
import type { ImageConfig } from '../../src/oci/image-config.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const image = (more: Partial<ImageConfig>): ImageConfig => ({
  ...platform,
  rootfs: { type: 'layers', diff_ids: [digestOf('x')] },
  ...more,
});
const PATH = `PATH=${DEFAULT_PATH}`;

test('FROM scratch', (t) => {
  const state = scratchState(platform);
  t.deepEqual(state.config, { WorkingDir: '/', Env: [PATH] });
  t.deepEqual([userOf(state), workdirOf(state), state.history, state.args], ['', '/', [], []]);
});

test('FROM an image that no builder would make: a variable without =, a working directory that is relative', (t) => {
  const { config, environment } = imageState(platform, image({ config: { Env: ['ALONE', PATH], WorkingDir: 'rel' } }));
  t.deepEqual(config, { Env: ['ALONE', PATH], WorkingDir: '/rel/rel' });
  t.deepEqual(environment[0], { key: 'ALONE', value: '' });
  t.is(imageState(platform, image({ config: { WorkingDir: '/a/../b/' } })).config.WorkingDir, '/b');
});

test('FROM an image: PATH when it has none, no triggers, its author', (t) => {
  const config = { Env: ['A=b=c', 'EMPTY='], User: 'u:g', WorkingDir: '', OnBuild: ['RUN x'], Labels: { l: '1' } };
  const state = imageState(platform, image({ config, author: 'me' }));
  t.deepEqual(state.config, { Env: ['A=b=c', 'EMPTY=', PATH], User: 'u:g', WorkingDir: '', Labels: { l: '1' } });
  t.deepEqual(state.environment, [
    { key: 'A', value: 'b=c' },
    { key: 'EMPTY', value: '' },
    { key: 'PATH', value: DEFAULT_PATH },
  ]);
  t.deepEqual([state.author, userOf(state), workdirOf(state)], ['me', 'u:g', '/']);
  t.deepEqual(imageState(platform, image({ config: { Env: ['PATH=/own'] } })).config.Env, ['PATH=/own']);
  for (const config of [null, undefined, { Env: null }])
    t.deepEqual(imageState(platform, image({ config })).config.Env, [PATH]);
});

test('FROM a stage: all goes on but triggers, and that CMD was given', (t) => {
  const parent = {
    ...withLayerHistory(scratchState(platform), 'RUN x'),
    config: { OnBuild: ['RUN y'], Cmd: ['c'] },
    args: [{ key: 'A', value: '1' }],
    cmdSet: true,
    author: 'me',
  };
  t.deepEqual(stageState(parent), { ...parent, config: { Cmd: ['c'] }, cmdSet: false });
});

test('an imported root has a command and one layer', (t) => {
  const { config, history } = importedState(platform);
  t.deepEqual([config.Cmd, history], [['/bin/sh'], [{ createdBy: 'varve import', layer: true }]]);
});

test('history lines are added, and the state before stays as it was', (t) => {
  const before = scratchState(platform);
  const after = withLayerHistory(withHistory(before, 'ENV a'), 'RUN b');
  t.deepEqual(after.history, [
    { createdBy: 'ENV a', layer: false },
    { createdBy: 'RUN b', layer: true },
  ]);
  t.deepEqual(before.history, []);
});

test('a variable keeps its place', (t) => {
  const list = ['A=1', 'B', 'C=3'].map(splitEnv);
  t.deepEqual(list[1], { key: 'B', value: '' });
  t.deepEqual(
    setVariable(list, 'A', '2').map(({ key, value }) => key + value),
    ['A2', 'B', 'C3'],
  );
  t.deepEqual(
    setVariable(list, 'D', '4').map(({ key }) => key),
    ['A', 'B', 'C', 'D'],
  );
  t.is(list[0]!.value, '1');
});
