import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { DEFAULT_RUN_SETTINGS } from '../../../src/instructions/run-settings.ts';
import { notRun } from '../../support/not-run.ts';
import { buildBench } from '../support/build-bench.ts';
import { buildExplained, cacheMatrix, type World } from '../support/cache-matrix.ts';
import { makeKey, noSshClient } from '../support/ssh-client.ts';

const BASE = 'FROM scratch\nCOPY --chmod=755 busybox /bin/sh\n';

const FROM_STAGE: World = {
  dockerfile: `FROM scratch AS build
COPY noise /noise
COPY out /out/
${BASE}RUN --mount=type=bind,from=build,source=/out/bin,target=/in true
`,
  files: { 'out/bin/a': 'a', 'out/b': 'b', noise: '1' },
};
const OUT = 'step 0.2 that it reads from ran again and came out different: COPY out /out/\n        1 file ';

cacheMatrix('bind-from-stage', FROM_STAGE, {
  miss: {
    'content of a mounted file': [{ files: { 'out/bin/a': 'changed' } }, `${OUT}with other content: a\n`],
    'its mode': [{ files: { 'out/bin/a': ['a', 0o700] } }, `${OUT}with another mode: a (0644 → 0700)\n`],
    'a file more': [{ files: { 'out/bin/more': '' } }, `${OUT}added: more\n`],
    'source of the mount': [['source=/out/bin', 'source=/out'], 'mount /in changed: type=bind,source=/out/bin'],
    'its target': [['target=/in', 'target=/to'], 'mount /in is gone', 'mount /to is new'],
    'read-write': [['target=/in', 'target=/in,rw'], 'writable=true'],
  },
  hit: {
    'a file of the stage that is not mounted': { files: { 'out/b': 'changed' } },
    'a step of the stage that is not seen': { files: { noise: '2' } },
    'the name of the stage': { dockerfile: FROM_STAGE.dockerfile.replaceAll('build', 'other') },
  },
});

const SECRET: World = {
  dockerfile: `${BASE}RUN --mount=type=secret,id=s,env=S true\n`,
  files: {},
  options: { secrets: new Map([['s', { value: 'first' }]]) },
};

cacheMatrix('secret-by-env', SECRET, {
  miss: {
    'name of the variable': [['env=S', 'env=T'], 'mount S is gone', 'mount T is new: type=secret,id=s,env=T'],
    id: [['id=s', 'id=t'], 'mount S changed: type=secret,id=s'],
    'a file instead': [[',env=S', ''], 'mount S is gone', 'mount /run/secrets/s is new: type=secret,id=s'],
  },
  hit: {
    'its value': { options: { secrets: new Map([['s', { value: 'second' }]]) } },
    'another secret that is given': {
      options: {
        secrets: new Map([
          ['s', { value: 'x' }],
          ['t', { value: 'y' }],
        ]),
      },
    },
  },
});

const SSH: World = { dockerfile: `${BASE}RUN --mount=type=ssh true\n`, files: {} };

cacheMatrix('ssh', SSH, {
  miss: {
    id: [['type=ssh', 'type=ssh,id=deploy'], 'changed: type=ssh,id=default'],
    target: [
      ['type=ssh', 'type=ssh,target=/agent'],
      'ENV SSH_AUTH_SOCK changed: /run/buildkit/ssh_agent.0 → /agent',
      'mount /run/buildkit/ssh_agent.0 is gone',
      'mount /agent is new: type=ssh',
    ],
    mode: [['type=ssh', 'type=ssh,mode=0666'], 'mode=0666'],
    none: [
      ['--mount=type=ssh ', ''],
      'ENV SSH_AUTH_SOCK is gone',
      'mount /run/buildkit/ssh_agent.0 is gone: it was type=ssh',
    ],
  },
  hit: {},
});

test('which keys an ssh mount has is no reason to run again', async (t) => {
  const reason = noSshClient();
  if (reason) {
    notRun(t, reason);
    return;
  }
  const bench = buildBench(t);
  const keys = mkdtempSync(join(tmpdir(), 'varve-keys-'));
  t.teardown(() => rmSync(keys, { recursive: true }));
  const build = async (ssh: readonly string[] | undefined) => {
    const options = ssh ? { ssh: new Map([['default', ssh]]) } : {};
    return (await buildExplained(bench, { ...SSH, options }, 'keys')).step.status;
  };
  t.is(await build([await makeKey(keys, 'one')]), 'miss');
  t.is(await build([await makeKey(keys, 'two')]), 'hit');
  t.is(await build(undefined), 'hit');
});

const allowed = { ...DEFAULT_RUN_SETTINGS, allowed: new Set(['security.insecure', 'network.host'] as const) };
const ENTITLED: World = { dockerfile: `${BASE}RUN true\n`, files: {}, options: { run: allowed } };

cacheMatrix('entitlements', ENTITLED, {
  miss: {
    security: [['RUN ', 'RUN --security=insecure '], 'security changed: sandbox → insecure'],
    'network of the host': [['RUN ', 'RUN --network=host '], 'network changed: default → host'],
  },
  hit: {
    'what is allowed and not asked for': { options: { run: DEFAULT_RUN_SETTINGS } },
    'the default security by name': ['RUN ', 'RUN --security=sandbox '],
  },
});
