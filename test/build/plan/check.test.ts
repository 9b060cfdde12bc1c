// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Dockerfiles
import test from 'ava';
import { LINT_RULES } from '../../../src/dockerfile/lint-rules.ts';
import { checkText, messagesOf, rulesOf } from '../support/check-text.ts';

/** Each rule once: the lines, and `rule@line: message`. */
const CASES: readonly (readonly [lines: string[], found: string])[] = [
  [['FROM scratch AS Base'], "StageNameCasing@1: Stage name 'Base' should be lowercase"],
  [['FROM scratch as b'], "FromAsCasing@1: 'as' and 'FROM' keywords' casing do not match"],
  [['FROM scratch', 'RUN x \\', '', ' y'], 'NoEmptyContinuation@4: Empty continuation line'],
  [
    ['FROM scratch', 'RUN x', 'run y'],
    "ConsistentInstructionCasing@3: Command 'run' should match the case of the command majority (uppercase)",
  ],
  [
    ['FROM scratch AS b', 'FROM scratch AS b'],
    'DuplicateStageName@2: Duplicate stage name "b", stage names should be unique',
  ],
  [
    ['FROM scratch AS context'],
    'ReservedStageName@1: Stage name should not use the same name as reserved stage "context"',
  ],
  [
    ['FROM scratch', 'CMD x'],
    'JSONArgsRecommended@2: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals',
  ],
  [
    ['FROM scratch', 'MAINTAINER x'],
    'MaintainerDeprecated@2: Maintainer instruction is deprecated in favor of using label',
  ],
  [
    ['ARG tag=1', 'FROM image:${tag}${tags}'],
    "UndefinedArgInFrom@2: FROM argument 'tags' is not declared (did you mean tag?)",
  ],
  [
    ['FROM scratch', 'WORKDIR app/'],
    'WorkdirRelativePath@2: Relative workdir "app/" can have unexpected results if the base image changes',
  ],
  [['FROM scratch', 'ENV PATH=$PAHT:/x'], "UndefinedVar@2: Usage of undefined variable '$PAHT' (did you mean $PATH?)"],
  [
    ['FROM scratch', 'CMD []', 'COPY <<X /a', 'X', 'CMD []'],
    'MultipleInstructionsDisallowed@2: Multiple CMD instructions should not be used in the same stage because only the last one will be used',
  ],
  [
    ['FROM scratch', 'LABEL a b'],
    'LegacyKeyValueFormat@2: "LABEL key=value" should be used instead of legacy "LABEL key value" format',
  ],
  [
    ['FROM --platform=$BUILDPLATFORM image', 'FROM --platform=${TARGETPLATFORM} image'],
    'RedundantTargetPlatform@2: Setting platform to predefined ${TARGETPLATFORM} in FROM is redundant as this is the default behavior',
  ],
  [
    ['FROM scratch', 'ARG API_KEY PUBLIC_KEY KEYS'],
    'SecretsUsedInArgOrEnv@2: Do not use ARG or ENV instructions for sensitive data (ARG "API_KEY")',
  ],
  [
    ['ARG TAG', 'FROM image:$TAG'],
    'InvalidDefaultArgInFrom@2: Default value for ARG image:$TAG results in empty or invalid base image name',
  ],
  [
    ['FROM --platform=linux/amd64 scratch', 'FROM --platform=linux/amd64 scratch AS on-amd64'],
    'FromPlatformFlagConstDisallowed@1: FROM --platform flag should not use constant value "linux/amd64"',
  ],
  [
    ['FROM scratch', 'ADD ./tmp/x other /'],
    'CopyIgnoredFile@2: Attempting to Add file "tmp/x" that is excluded by .dockerignore',
  ],
  [
    ['# check=experimental=all', '', '# about it', 'FROM scratch AS b'],
    'InvalidDefinitionDescription@4: Comment for FROM should follow the format: `# b <description>`',
  ],
  [
    ['FROM scratch', 'EXPOSE 80/TcP 81/udp'],
    "ExposeProtoCasing@2: Defined protocol '80/TcP' in EXPOSE instruction should be lowercase",
  ],
  [
    ['FROM scratch', 'EXPOSE 127.0.0.1:80:80 81'],
    "ExposeInvalidFormat@2: EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:80'",
  ],
];

test('each rule says what and where', async (t) => {
  const seen = new Set<string>(['InvalidBaseImagePlatform']);
  for (const [lines, found] of CASES) {
    const { warnings } = await checkText(lines, { ignore: ['tmp'], buildArgs: { TAG: '1' } });
    const shown = warnings.map(({ rule, message, location }) => `${rule}@${location.start}: ${message}`);
    const [rule = ''] = found.split('@');
    seen.add(rule);
    // Two lines are about a second rule, which the next test holds.
    t.true(shown.includes(found), shown.join('\n'));
    t.true(
      shown.every((text) => text === found || text.startsWith('UndefinedArgInFrom')),
      shown.join('\n'),
    );
  }
  t.deepEqual([...seen].sort(), Object.keys(LINT_RULES).sort());
});

test('a base image for another platform', async (t) => {
  t.deepEqual(await messagesOf(['FROM image'], { base: { architecture: 'arm64' } }), [
    'Base image image was pulled with platform "linux/arm64", expected "linux/amd64" for current build',
  ]);
  t.deepEqual(await messagesOf(['FROM image'], { base: { variant: 'v2' } }), []);
});

test('and do not fire where they should not', async (t) => {
  const clean: string[][] = [
    ['from scratch as b', 'cmd ["x"]', 'env a=b'],
    ['arg V=1', 'FROM scratch', 'RUN <<E', 'run x', 'E'],
    ['FROM scratch AS a', 'SHELL ["x"]', 'CMD y', 'FROM a', 'ENTRYPOINT y'],
    ['FROM scratch AS a', 'CMD []', 'HEALTHCHECK NONE', 'FROM a', 'CMD []', 'HEALTHCHECK NONE'],
    ['FROM scratch', 'ENV PUBLIC_KEY=1 TOKENIZER=1', 'ARG PASSWORD_FILE'],
    ['FROM scratch AS a', 'WORKDIR /app', 'FROM a', 'WORKDIR sub'],
    ['FROM scratch', 'ARG D=/d', 'WORKDIR $D', 'WORKDIR sub'],
    ['FROM scratch AS a', 'ARG foo=x', 'ARG unset', 'FROM a', 'COPY $foo$unset $PATH /d'],
    ['FROM scratch', 'ARG a=1 b=$a', "ENV c=${b:-x} e='$f' g=\\$h", "COPY <<'E' /x", '$i', 'E'],
    ['FROM scratch', 'RUN echo $x', 'CMD ["$x"]', 'ONBUILD COPY $x /', 'EXPOSE ${x:-80}'],
    ['ARG BUILDPLATFORM=linux/amd64', 'FROM --platform=$BUILDPLATFORM scratch'],
    ['ARG V=', 'FROM image:stable$V'],
    ['FROM scratch AS a', 'COPY a /tmp', 'FROM a', 'COPY --from=a /tmp tmp /', 'ADD https://h/tmp /'],
    ['# note', '', 'FROM scratch AS b', '# ARG it', 'ARG x'],
  ];
  for (const lines of clean)
    t.deepEqual(await rulesOf(lines, { ignore: ['tmp'], buildArgs: { V: '-x' } }), [], lines[0]);
  t.deepEqual(await rulesOf(['FROM scratch', 'COPY tmp/x /'], { ignore: ['tmp', '!tmp/x'] }), []);
  t.deepEqual(await rulesOf(['FROM image', 'CMD x'], { base: { config: { Shell: ['x'] } } }), []);
  t.deepEqual(await rulesOf(['FROM image', 'USER $NAME'], { base: { config: { Env: ['NAME=x'] } } }), []);
});

test('every word of an instruction that is expanded is looked at', async (t) => {
  const lines = [
    'FROM scratch',
    'ENV $a=1 b=$b',
    'LABEL $c=$d',
    'COPY --chown=$e --chmod=$f $g $h',
    'ADD --checksum=$i https://h/x $j',
    'USER $k',
    'VOLUME /$l /$m',
    'WORKDIR /$n',
    'STOPSIGNAL 9$o',
    'RUN --mount=type=cache,target=/m$p true',
    'ARG q=$q r=$r',
    'COPY <<E $s/',
    '$t "$u"',
    'E',
  ];
  const { warnings } = await checkText(lines);
  const names = warnings.map(({ message }) => /'\$(.)'/.exec(message)?.[1]);
  t.is(names.sort().join(''), 'abcdefghijklmnopqrstu');
});

test('the variables of an instruction are those before it', async (t) => {
  t.deepEqual(await rulesOf(['FROM scratch', 'ENV a=1 b=$a', 'ENV c=$b']), ['UndefinedVar@2']);
  t.deepEqual(await rulesOf(['FROM scratch', 'USER $x', 'ARG x=1', 'USER $x']), ['UndefinedVar@2']);
  t.deepEqual(await rulesOf(['ARG x=1', 'FROM scratch', 'USER $x']), ['UndefinedVar@3']);
});

test('check directives', async (t) => {
  const lines = ['FROM scratch', 'CMD x', 'ENV a b'];
  t.deepEqual(await rulesOf(['# check=skip=JSONArgsRecommended', ...lines]), ['LegacyKeyValueFormat@4']);
  t.deepEqual(await rulesOf(['# check=skip=all', ...lines]), []);
  t.deepEqual(await rulesOf(['FROM scratch', '# check=skip=JSONArgsRecommended', 'CMD x', 'ENV a b']), [
    'LegacyKeyValueFormat@4',
  ]);
  t.deepEqual(await rulesOf(['# check=error=true', ...lines]), [
    'JSONArgsRecommended@3',
    'LegacyKeyValueFormat@4',
    'error@3: lint violation found for rules: JSONArgsRecommended, LegacyKeyValueFormat',
  ]);
  t.deepEqual(await rulesOf(['# check=error=true;skip=all', ...lines]), []);
  t.deepEqual(await rulesOf(['# check=skp=all', ...lines]), [
    'error@1: invalid check option "skp" (did you mean skip?)',
  ]);
  t.regex((await rulesOf(['# check=error=perhaps', ...lines])).join(), /neither true nor false/);
});

test('BUILDKIT_DOCKERFILE_CHECK counts instead of the directive', async (t) => {
  const buildArgs = { BUILDKIT_DOCKERFILE_CHECK: 'skip=JSONArgsRecommended;error=true' };
  t.deepEqual(await rulesOf(['# check=skip=all', 'FROM scratch', 'CMD x', 'ENV a b'], { buildArgs }), [
    'LegacyKeyValueFormat@4',
    'error@4: lint violation found for rules: LegacyKeyValueFormat',
  ]);
  t.deepEqual(
    await rulesOf(['# check=error=true', 'FROM scratch', 'CMD x'], {
      buildArgs: { BUILDKIT_DOCKERFILE_CHECK: 'skip=all' },
    }),
    [],
  );
});

test('an experimental rule is asked for by name, and no skip turns it off', async (t) => {
  const lines = ['# something else', 'ARG a c', '', '#', '# b is described', 'FROM scratch AS b'];
  t.deepEqual(await rulesOf(['#', ...lines]), []);
  t.deepEqual(await rulesOf(['# check=skip=all;experimental=InvalidDefinitionDescription', '#', ...lines]), [
    'InvalidDefinitionDescription@4',
  ]);
});

test('without a target every stage is checked, with one what it needs', async (t) => {
  const lines = [
    'FROM scratch AS one',
    'USER $a',
    'FROM scratch AS two',
    'USER $b',
    'FROM one',
    'COPY --from=two x /',
    'FROM scratch AS last',
    'USER $c',
  ];
  t.deepEqual(await rulesOf(lines), ['UndefinedVar@2', 'UndefinedVar@4', 'UndefinedVar@8']);
  t.deepEqual(await rulesOf(lines, { target: 'last' }), ['UndefinedVar@8']);
  t.deepEqual(await rulesOf([...lines, 'FROM two AS three'], { target: 'three' }), ['UndefinedVar@4']);
});

test('what is found before an error is told with it', async (t) => {
  t.deepEqual(await rulesOf(['FROM scratch AS Base', 'MAINTAINER x', 'COPPY']), [
    'StageNameCasing@1',
    'MaintainerDeprecated@2',
    'error@3: unknown instruction: COPPY (did you mean COPY?)',
  ]);
  t.deepEqual(await rulesOf(['FROM --platform=$BULIDPLATFORM scratch']), [
    'UndefinedArgInFrom@1',
    'error@1: empty platform value from expression $BULIDPLATFORM (did you mean BUILDPLATFORM?)',
  ]);
});

test('of an image that cannot be asked any variable may be set', async (t) => {
  t.deepEqual(await rulesOf(['FROM image AS a', 'USER $x', 'FROM a', 'USER $y', 'CMD z'], { base: 'unknown' }), [
    'JSONArgsRecommended@5',
  ]);
});

test('one finding is told once', async (t) => {
  t.deepEqual(await rulesOf(['FROM scratch', 'ENV a=$x b=$x']), ['UndefinedVar@2']);
});
