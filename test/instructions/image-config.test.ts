import test from 'ava';
import type { RunConfig } from '../../src/oci/image-config.ts';
import { type DispatchTextOptions, dispatchText } from '../build/support/dispatch-text.ts';

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const from = (config: RunConfig): DispatchTextOptions => ({ base: { config } });

type Row = readonly [
  title: string,
  lines: readonly string[],
  config: Readonly<Partial<RunConfig>>,
  options?: DispatchTextOptions,
];

/** Instructions after a FROM, and what the config then has; undefined is a field that is not there. */
const ROWS: readonly Row[] = [
  ['FROM an image without PATH', [], { Env: ['A=b', PATH] }, from({ Env: ['A=b'] })],
  ['FROM an image with PATH', [], { Env: ['PATH=/p'] }, from({ Env: ['PATH=/p'] })],
  ['ENV adds and replaces in place', ['ENV B=2 A=3'], { Env: ['A=3', PATH, 'B=2'] }, from({ Env: ['A=1'] })],
  ['ENV sees the values before it', ['ENV a=1', 'ENV a=2 b=$a'], { Env: [PATH, 'a=2', 'b=1'] }],
  ['ARG is not in the config', ['ARG a=1', 'ENV b=$a'], { Env: [PATH, 'b=1'] }],
  ['--build-arg beats the default', ['ARG a=1', 'ENV b=$a'], { Env: [PATH, 'b=x'] }, { args: { a: 'x' } }],
  ['one ARG sees an earlier one of its line', ['ARG a=1 b=$a', 'ENV c=$b'], { Env: [PATH, 'c=1'] }],
  ['a later ARG beats ENV in words', ['ENV a=1', 'ARG a=2', 'ENV b=$a'], { Env: [PATH, 'a=1', 'b=2'] }],
  ['ARG without value leaves ENV', ['ENV a=1', 'ARG a', 'ENV b=$a'], { Env: [PATH, 'a=1', 'b=1'] }],
  ['CMD in exec form', ['CMD ["a", "b c"]'], { Cmd: ['a', 'b c'], ArgsEscaped: true }],
  ['CMD in shell form', ['CMD a  b'], { Cmd: ['/bin/sh', '-c', 'a  b'] }],
  ['CMD after SHELL', ['SHELL ["/b", "-x"]', 'CMD a'], { Cmd: ['/b', '-x', 'a'], Shell: ['/b', '-x'] }],
  ['CMD [] resets', ['CMD []'], { Cmd: [] }, from({ Cmd: ['base'] })],
  ['CMD leaves ENTRYPOINT', ['CMD ["c"]'], { Cmd: ['c'], Entrypoint: ['e'] }, from({ Entrypoint: ['e'] })],
  [
    "ENTRYPOINT drops the base's CMD",
    ['ENTRYPOINT ["e"]'],
    { Entrypoint: ['e'], Cmd: undefined },
    from({ Cmd: ['base'] }),
  ],
  ["ENTRYPOINT keeps this stage's CMD", ['CMD ["c"]', 'ENTRYPOINT ["e"]'], { Entrypoint: ['e'], Cmd: ['c'] }],
  ['ENTRYPOINT [] resets', ['ENTRYPOINT []'], { Entrypoint: [] }, from({ Entrypoint: ['e'] })],
  [
    'EXPOSE of a range and protocols',
    ['EXPOSE 8001-8002 53/udp 80'],
    { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8001/tcp': {}, '8002/tcp': {} } },
  ],
  [
    'EXPOSE of a variable with several',
    ['ENV p="1 2/UDP"', 'EXPOSE $p'],
    { ExposedPorts: { '1/tcp': {}, '2/udp': {} } },
  ],
  ['EXPOSE leaves host parts out', ['EXPOSE 127.0.0.1:80:8080'], { ExposedPorts: { '8080/tcp': {} } }],
  [
    "EXPOSE adds to the base's",
    ['EXPOSE 1'],
    { ExposedPorts: { '9/tcp': {}, '1/tcp': {} } },
    from({ ExposedPorts: { '9/tcp': {} } }),
  ],
  [
    'HEALTHCHECK with all flags',
    ['HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=2s --start-interval=1s --retries=3 CMD a b'],
    {
      Healthcheck: {
        Test: ['CMD-SHELL', 'a b'],
        Interval: 90e9,
        Timeout: 5e8,
        StartPeriod: 2e9,
        StartInterval: 1e9,
        Retries: 3,
      },
    },
  ],
  ['HEALTHCHECK in exec form', ['HEALTHCHECK CMD ["a"]'], { Healthcheck: { Test: ['CMD', 'a'] } }],
  [
    'HEALTHCHECK NONE',
    ['HEALTHCHECK NONE'],
    { Healthcheck: { Test: ['NONE'] } },
    from({ Healthcheck: { Test: ['CMD', 'b'] } }),
  ],
  [
    'the last HEALTHCHECK wins',
    ['HEALTHCHECK CMD a', 'HEALTHCHECK CMD ["b"]'],
    { Healthcheck: { Test: ['CMD', 'b'] } },
  ],
  [
    "LABEL over the base's",
    ['LABEL a=2 "b c"="d e"'],
    { Labels: { x: '1', a: '2', 'b c': 'd e' } },
    from({ Labels: { a: '1', x: '1' } }),
  ],
  ['LABEL expands keys and values', ['ENV k=v', 'LABEL $k=${k}2'], { Labels: { v: 'v2' } }],
  ['STOPSIGNAL as written', ['STOPSIGNAL term'], { StopSignal: 'term' }],
  ['STOPSIGNAL by number', ['ENV s=9', 'STOPSIGNAL $s'], { StopSignal: '9' }],
  ['STOPSIGNAL realtime', ['STOPSIGNAL SIGRTMIN+3'], { StopSignal: 'SIGRTMIN+3' }],
  ['VOLUME in both forms', ['VOLUME /a /b', 'VOLUME ["/c d"]'], { Volumes: { '/a': {}, '/b': {}, '/c d': {} } }],
  ['USER is kept as text', ['ENV u=app', 'USER $u:grp'], { User: 'app:grp' }],
  [
    'WORKDIR is relative to the one before',
    ['WORKDIR a/', 'WORKDIR ../b//c/'],
    { WorkingDir: '/base/b/c' },
    from({ WorkingDir: '/base' }),
  ],
  ['WORKDIR stops at the root', ['WORKDIR /a', 'WORKDIR ../../..'], { WorkingDir: '/' }],
  ['ONBUILD is kept as text', ['ONBUILD RUN a  b', 'ONBUILD COPY . /x'], { OnBuild: ['RUN a  b', 'COPY . /x'] }],
  [
    'ONBUILD of the base runs and is gone',
    [],
    { OnBuild: undefined, Env: [PATH, 'a=1'] },
    from({ OnBuild: ['ENV a=1'] }),
  ],
  ['fields that varve does not know stay', [], { Domainname: 'd' }, from({ Domainname: 'd' })],
];
for (const [title, lines, expected, options] of ROWS) {
  test(title, async (t) => {
    const { state } = await dispatchText(['FROM base', ...lines], options);
    for (const [field, value] of Object.entries(expected)) t.deepEqual(state.config[field], value, field);
  });
}

test('MAINTAINER is the author, and is not expanded', async (t) => {
  t.is(
    (await dispatchText(['FROM base', 'MAINTAINER a $b <c@d>'], { base: { author: 'x' } })).state.author,
    'a $b <c@d>',
  );
  t.is((await dispatchText(['FROM base'], { base: { author: 'x' } })).state.author, 'x');
});

const REFUSED: readonly (readonly [line: string, message: RegExp])[] = [
  ['EXPOSE 70000', /invalid containerPort: 70000/],
  ['EXPOSE 20-10', /invalid containerPort: 20-10/],
  ['EXPOSE 80/icmp', /invalid proto: icmp/],
  ['EXPOSE 1-2:1-3', /invalid ranges specified/],
  ['STOPSIGNAL SIGNONE', /invalid signal: SIGNONE/],
  ['STOPSIGNAL 65', /invalid signal: 65/],
  ['VOLUME ["/a", ""]', /can not be an empty string/],
  ['ONBUILD ONBUILD RUN a', /ONBUILD/],
  ['ONBUILD FROM a', /FROM/],
  ['ONBUILD MAINTAINER a', /MAINTAINER/],
  ['RUN --network=bridge a', /invalid network mode: "bridge"/],
  ['RUN --device=a/b c', /--device=a\/b/],
];
for (const [line, message] of REFUSED) {
  test(`${line} is refused at its line`, async (t) => {
    const error = await t.throwsAsync(async () => dispatchText(['FROM base', line]), { message });
    t.is((error as { location?: { start: number } }).location?.start, 2);
  });
}

test('history lines read as BuildKit writes them', async (t) => {
  const { state } = await dispatchText(
    [
      'FROM base',
      'ARG a=1 b',
      'ENV c="d e"',
      'RUN x "$a"',
      'RUN ["x", "y z"]',
      'LABEL k=v',
      'CMD ["q", "r s"]',
      'EXPOSE 80 8/udp',
      'WORKDIR /',
      'WORKDIR /w',
      'HEALTHCHECK --interval=1s CMD h',
      'ONBUILD RUN no',
      'STOPSIGNAL 9',
      'VOLUME /v /u',
      'USER u',
      'SHELL ["/s", "-c"]',
      'MAINTAINER m',
    ],
    {},
  );
  t.deepEqual(
    state.history.map(({ createdBy, layer }) => `${layer ? 'layer' : 'empty'} ${createdBy}`),
    [
      'empty ARG a=1 b',
      'empty ENV c=d e',
      'layer RUN |2 a=1 b= /bin/sh -c x "$a" # buildkit',
      'layer RUN |2 a=1 b= x y z # buildkit',
      'empty LABEL k=v',
      'empty CMD ["q" "r s"]',
      'empty EXPOSE [8/udp 80/tcp]',
      'empty WORKDIR /',
      'layer WORKDIR /w',
      'empty HEALTHCHECK &{["CMD-SHELL" "h"] "1s" "0s" "0s" "0s" \'\\x00\'}',
      'empty STOPSIGNAL 9',
      'empty VOLUME [/v /u]',
      'empty USER u',
      'empty SHELL [/s -c]',
      'empty MAINTAINER m',
    ],
  );
});

test('a stage FROM a stage goes on with its state, but for ONBUILD and the right of CMD to stay', async (t) => {
  const lines = [
    'FROM base AS a',
    'ARG x=1',
    'CMD ["c"]',
    'ONBUILD ENV from=trigger',
    'USER u',
    'FROM a',
    'ENTRYPOINT ["e"]',
    'ENV y=$x',
  ];
  const { state } = await dispatchText(lines);
  t.is(state.config.Cmd, undefined);
  t.is(state.config.User, 'u');
  t.is(state.config.OnBuild, undefined);
  t.deepEqual(state.config.Env, [PATH, 'from=trigger', 'y=1']);
});

test('ONBUILD triggers may read stages and mount them', async (t) => {
  const triggers = ['COPY --from=tools /a /b', 'RUN --mount=from=tools,target=/m x'];
  const { steps } = await dispatchText(['FROM scratch AS tools', 'FROM base'], from({ OnBuild: triggers }));
  t.like(steps[0], { kind: 'copy', from: { kind: 'stage', index: 0 } });
  t.like(steps[1], { kind: 'run', mounts: [{ type: 'bind', from: { kind: 'stage', index: 0 }, target: '/m' }] });
});
