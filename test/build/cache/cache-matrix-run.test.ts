import { DEFAULT_RUN_SETTINGS, type RunSettings } from '../../../src/instructions/run-settings.ts';
import { cacheMatrix, type Edit, type World } from '../support/cache-matrix.ts';

const BASE = 'FROM scratch\nCOPY --chmod=755 busybox /bin/sh\n';
const args = (values: Readonly<Record<string, string>>): Edit => ({
  options: { buildArgs: new Map(Object.entries(values)) },
});
const settings = (run: Partial<RunSettings>): Edit => ({ options: { run: { ...DEFAULT_RUN_SETTINGS, ...run } } });

const VARIABLES: World = {
  dockerfile: `${BASE}ARG A
ARG B=2
ENV C=3
USER 1000
RUN true
LABEL l=1
CMD ["x"]
`,
  files: {},
  options: { buildArgs: new Map([['A', '1']]) },
};

cacheMatrix('run-variables', VARIABLES, {
  miss: {
    command: [['RUN true', 'RUN true && true'], '-true\n        +true && true'],
    'exec form': [['RUN true', 'RUN ["/bin/sh", "-c", "true;"]'], '+true;'],
    shell: [['RUN true', 'SHELL ["/bin/sh", "-e", "-c"]\nRUN true'], 'shell changed: /bin/sh -c → /bin/sh -e -c'],
    'a declared ARG': [args({ A: '7' }), 'ARG A changed: 1 → 7'],
    'no value for an ARG': [args({}), 'ARG A is gone: it was 1'],
    "an ARG's default": [['ARG B=2', 'ARG B=8'], 'ARG B changed: 2 → 8'],
    'a default that is overridden': [args({ A: '1', B: '9' }), 'ARG B changed: 2 → 9'],
    'an ARG more': [['USER', 'ARG D=1\nUSER'], 'ARG D is new: 1'],
    'an ARG that looks like a secret': [['USER', 'ARG API_TOKEN=clear-text\nUSER'], 'ARG API_TOKEN is new: [hidden '],
    ENV: [['C=3', 'C=4'], 'ENV C changed: 3 → 4'],
    'an ENV more': [['C=3', 'C=3 E='], 'ENV E is new: (empty)'],
    'an ENV gone': [['ENV C=3\n', ''], 'ENV C is gone: it was 3'],
    user: [['USER 1000', 'USER 1001'], 'user changed: 1000 → 1001'],
    network: [['RUN true', 'RUN --network=none true'], 'network changed: default → none'],
    hostname: [args({ A: '1', BUILDKIT_SANDBOX_HOSTNAME: 'other' }), 'hostname changed: buildkitsandbox → other'],
    '--add-host': [settings({ extraHosts: [{ name: 'db', address: '10.0.0.1' }] }), 'host is new: db'],
    '--ulimit': [settings({ rlimits: [{ name: 'nofile', soft: 100, hard: 100 }] }), 'ulimit is new: nofile=100:100'],
    '--shm-size': [settings({ shmSizeBytes: 1 << 20 }), 'shm-size is new: 1048576'],
    heredoc: [['RUN true', 'RUN <<EOF\ntrue\nEOF'], 'RUN <<EOF'],
    'the step before': [['ARG A', 'COPY --chmod=700 busybox /x\nARG A'], 'came out different: COPY --chmod=700'],
  },
  hit: {
    'order of --build-arg': args({ B: '2', A: '1' }),
    'an undeclared --build-arg': args({ A: '1', UNKNOWN: 'x' }),
    proxies: args({ A: '1', HTTP_PROXY: 'http://proxy', no_proxy: 'localhost' }),
    comment: ['RUN', '# a comment\nRUN'],
    'case of the instruction': ['RUN', 'run'],
    'the default shell by name': ['RUN', 'SHELL ["/bin/sh", "-c"]\nRUN'],
    'the default network by name': ['RUN', 'RUN --network=default'],
    'LABEL before': ['USER', 'LABEL x=y\nUSER'],
    'LABEL after': ['l=1', 'l=2'],
    'CMD after': ['["x"]', '["y"]'],
    ENTRYPOINT: ['USER', 'ENTRYPOINT ["z"]\nUSER'],
    EXPOSE: ['USER', 'EXPOSE 80\nUSER'],
    VOLUME: ['USER', 'VOLUME /data\nUSER'],
    HEALTHCHECK: ['USER', 'HEALTHCHECK CMD true\nUSER'],
    STOPSIGNAL: ['USER', 'STOPSIGNAL 9\nUSER'],
    ONBUILD: ['USER', 'ONBUILD RUN x\nUSER'],
    MAINTAINER: ['USER', 'MAINTAINER me\nUSER'],
    'a later ENV': ['LABEL', 'ENV LATER=1\nLABEL'],
    'a stage before': [BASE, `FROM scratch AS unused\nCOPY busybox /\n${BASE}`],
    'the name of the stage': ['FROM scratch', 'FROM scratch AS final'],
    '--target of the last stage': {
      dockerfile: VARIABLES.dockerfile.replace('scratch', 'scratch AS last'),
      options: { target: 'last' },
    },
    '--label': { options: { labels: new Map([['a', 'b']]) } },
    'the name of the image': { options: { repository: 'registry.test/other' } },
    'another file of the context': { files: { more: 'more' } },
  },
});

const MOUNTS: World = {
  dockerfile: `${BASE}WORKDIR /w
RUN --mount=type=bind,source=in,target=/in --mount=type=cache,target=/c,id=c --mount=type=secret,id=s,target=/s true
`,
  files: { 'in/file': 'content', 'in/tool': ['tool', 0o755], outside: 'outside' },
  options: { secrets: new Map([['s', { value: 'first' }]]) },
};

cacheMatrix('run-mounts', MOUNTS, {
  miss: {
    'working directory': [['/w', '/v'], 'workdir changed: /w → /v', 'step 0.2 above ran again and came out different'],
    'bind target': [
      ['target=/in', 'target=/to'],
      'mount /in is gone',
      'mount /to is new: type=bind,source=in,target=/to',
    ],
    'bind source': [['source=in', 'source=in/'], 'mount /in changed: type=bind,source=in,'],
    'bind writable': [['target=/in', 'target=/in,rw'], 'writable=true'],
    'content of a bound file': [{ files: { 'in/file': 'changed' } }, '1 file with other content in a mount: file'],
    'mode of a bound file': [
      { files: { 'in/tool': ['tool', 0o700] } },
      'with another mode in a mount: tool (0755 → 0700)',
    ],
    'a bound file more': [{ files: { 'in/more': '' } }, '1 file added in a mount: more'],
    'cache target': [['target=/c,', 'target=/d,'], 'mount /c is gone', 'mount /d is new'],
    'cache read-only': [['id=c', 'id=c,ro'], 'mount /c changed'],
    'secret id': [['id=s,', 'id=t,'], 'mount /s changed: type=secret,id=s'],
    'secret target': [['target=/s ', 'target=/t '], 'mount /s is gone', 'mount /t is new: type=secret'],
    'secret mode': [['target=/s ', 'target=/s,mode=0444 '], 'mode=0400'],
    'tmpfs more': [['RUN ', 'RUN --mount=type=tmpfs,target=/t '], 'mount /t is new: type=tmpfs'],
    'tmpfs size': [['RUN ', 'RUN --mount=type=tmpfs,target=/t,size=1m '], 'sizeBytes=1048576'],
    'no cache': [['id=c ', 'id=c --mount=type=cache,target=/e '], 'mount /e is new: type=cache'],
  },
  hit: {
    "a secret's content": { options: { secrets: new Map([['s', { value: 'second' }]]) } },
    'cache id': ['id=c', 'id=d'],
    'cache sharing': ['id=c', 'id=c,sharing=locked'],
    'a file outside of the mount': { files: { outside: 'changed' } },
    'a file that is ignored': { files: { 'in/ignored': 'x', '.dockerignore': 'in/ignored' } },
  },
});
