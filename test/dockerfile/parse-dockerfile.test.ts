// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Dockerfiles
import test from 'ava';
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts';
import { first, from, parse, refusal } from './support/parse.ts';

test('stages, names and globals', (t) => {
  const file = parse('ARG BASE=debian', 'FROM ${BASE} AS Build', 'RUN make', 'FROM scratch', 'COPY --from=build /a /b');
  t.deepEqual(file.globals[0]?.args, [{ key: 'BASE', value: 'debian' }]);
  t.deepEqual(
    file.stages.map(({ name, from: { image, as }, instructions }) => [name, image, as, instructions.length]),
    [
      ['build', '${BASE}', 'Build', 1],
      [undefined, 'scratch', undefined, 1],
    ],
  );
});

test('locations cover continuation lines and heredocs', (t) => {
  const [run, copy] = parse('# note', 'FROM scratch', 'RUN a \\', '  # inside', '  && b', 'COPY <<E /x', 'body', 'E')
    .stages[0]!.instructions;
  t.deepEqual(run?.location, { file: 'Dockerfile', start: 3, end: 5 });
  t.is(run?.original, 'RUN a   && b');
  t.deepEqual(copy?.location, { file: 'Dockerfile', start: 6, end: 8 });
});

test('line ends of Windows and a byte order mark', (t) => {
  const bytes = Buffer.from('\ufeff# escape=`\r\nFROM scratch\r\nCOPY a `\r\n b /c\r\nCOPY <<E /x\r\nbody\r\nE\r\n');
  const { directives, stages } = parseDockerfile(bytes, 'Dockerfile');
  t.is(directives.escape, '`');
  const [plain, heredoc] = stages[0]!.instructions;
  t.like(plain, { kind: 'copy', sources: ['a', 'b'], dest: '/c' });
  t.like(heredoc, { kind: 'copy', heredocs: [{ name: 'E', content: 'body\r\n' }] });
});

test('every flag of COPY and ADD', (t) => {
  const copy = first(
    'copy',
    'COPY --from=b --chown=1:2 --chmod=u+x --link --parents=TRUE --exclude=*.o --exclude=x a b /d/',
  );
  t.like(copy, { sources: ['a', 'b'], dest: '/d/', from: 'b', chown: '1:2', chmod: 'u+x', link: true, parents: true });
  t.deepEqual(copy.exclude, ['*.o', 'x']);
  const add = first('add', 'ADD --checksum=sha256:00 --keep-git-dir --unpack=false --chmod="0 6" a b');
  t.like(add, { checksum: 'sha256:00', keepGitDir: true, unpack: false, chmod: '0 6', link: false });
  t.false('unpack' in first('add', 'ADD a b'));
});

test('every flag of RUN', (t) => {
  const run = first(
    'run',
    'RUN --mount=type=cache,target=/c --mount=target=/s --network=none --security=insecure --device=v.com/c=x,required make',
  );
  t.like(run, { network: 'none', security: 'insecure', command: { form: 'shell', script: 'make' } });
  t.deepEqual(run.mounts, ['type=cache,target=/c', 'target=/s']);
  t.deepEqual(run.devices, ['v.com/c=x,required']);
});

test('heredocs', (t) => {
  const run = first('run', 'RUN <<-A cat <<"B c" # both', '\t\tone $x', '\tA', 'two', 'B c');
  t.deepEqual(run.heredocs, [
    { name: 'A', content: 'one $x\n', expand: true, fileDescriptor: 0 },
    { name: 'B c', content: 'two\n', expand: false, fileDescriptor: 0 },
  ]);
  const copy = first('copy', 'COPY <<X b <<X /d/', '1', 'X', '2', 'X');
  t.deepEqual(
    copy.heredocs.map(({ content }) => content),
    ['1\n', '2\n'],
  );
  t.deepEqual(copy.sources, ['b']);
  t.deepEqual(first('copy', 'COPY ["<<x", "/d/"]').sources, ['<<x']);
});

test('settings keep what is written', (t) => {
  t.deepEqual(first('env', `ENV a="b c" d=$e f='\\'`).pairs, [
    { key: 'a', value: '"b c"' },
    { key: 'd', value: '$e' },
    { key: 'f', value: "'\\'" },
  ]);
  t.deepEqual(first('label', 'LABEL old  a  b ').pairs, [{ key: 'old', value: 'a  b' }]);
  t.deepEqual(first('expose', 'EXPOSE 80/tcp $P  1-2').ports, ['80/tcp', '$P', '1-2']);
  t.deepEqual(first('volume', 'VOLUME ["/a b", "/c"]').paths, ['/a b', '/c']);
  t.is(first('workdir', 'WORKDIR /a b').path, '/a b');
  t.is(first('user', 'user a:$b').user, 'a:$b');
  t.is(first('stopsignal', 'STOPSIGNAL SIGTERM').signal, 'SIGTERM');
  t.is(first('maintainer', 'MAINTAINER A <a@b.c>').maintainer, 'A <a@b.c>');
  t.deepEqual(first('arg', 'ARG a b= c="d e"').args, [
    { key: 'a' },
    { key: 'b', value: '' },
    { key: 'c', value: '"d e"' },
  ]);
  t.deepEqual(first('shell', 'SHELL ["/bin/bash", "-c"]').shell, ['/bin/bash', '-c']);
  t.is(from('FROM --platform=$BUILDPLATFORM a').platform, '$BUILDPLATFORM');
});

test('HEALTHCHECK', (t) => {
  const check = first(
    'healthcheck',
    'HEALTHCHECK --interval=1m30s --timeout=1.5s --start-interval=0s --retries=3 CMD a  b',
  );
  t.like(check, { interval: 90e9, timeout: 1.5e9, startPeriod: 0, startInterval: 0, retries: 3 });
  t.deepEqual(check.test, ['CMD-SHELL', 'a  b']);
  t.deepEqual(first('healthcheck', 'HEALTHCHECK cmd ["a", "b"]').test, ['CMD', 'a', 'b']);
  t.deepEqual(first('healthcheck', 'HEALTHCHECK none').test, ['NONE']);
});

test('what is refused says what and where', (t) => {
  const cases: [string, RegExp][] = [
    ['COPPY a b', /unknown instruction: COPPY \(did you mean COPY\?\)/],
    ['RUN --mont=x y', /unknown flag: --mont \(did you mean mount\?\)/],
    ['COPY --__proto__=1 a b', /unknown flag: --__proto__/],
    ['COPY --from=a --from=b a b', /duplicate flag.*--from/],
    ['COPY --link= a b', /missing a value.*--link/],
    ['COPY --link=maybe a b', /boolean value.*--link.*maybe/],
    ['ENV --x a=b', /unknown flag: --x/],
    ['STOPSIGNAL --x 9', /unknown flag: --x/],
    ['RUN --network=hots x', /invalid network mode: "hots" \(did you mean host\?\)/],
    ['RUN --security=no x', /invalid security mode: "no"/],
    ['RUN --device=a,b x', /invalid field 'b'/],
    ['RUN []', /RUN requires at least one argument/],
    ['RUN ["a", 1]', /strings only/],
    ['HEALTHCHECK --interval=5 CMD x', /missing unit in duration "5"/],
    ['HEALTHCHECK --retries=-1 CMD x', /cannot be negative/],
    ['HEALTHCHECK --retries=3.5 CMD x', /--retries needs a whole number/],
    ['HEALTHCHECK CMD', /Missing command/],
    ['HEALTHCHECK NONE x', /takes no arguments/],
    ['VOLUME [""]', /VOLUME specified can not be an empty string/],
    ['ARG =x', /ARG names can not be blank/],
    ['LABEL =x', /LABEL names can not be blank/],
    ['COPY a <<E\nE', /heredoc as a destination/],
    ['ADD <<E /x\nbody', /unterminated heredoc "E"/],
    ['ONBUILD', /ONBUILD requires at least one argument/],
    ['ONBUILD maintainer x', /MAINTAINER isn't allowed as an ONBUILD trigger/],
    ['ONBUILD COPY --form=x a b', /unknown flag: --form \(did you mean from\?\)/],
    ['FROM a b c', /FROM requires either one or three/],
    ['FROM a AS b/c', /invalid name for build stage: "b\/c"/],
  ];
  for (const [line, message] of cases) {
    const error = refusal(() => parse('FROM scratch', line));
    t.regex(error.message, message, line);
    t.deepEqual(error.location, { file: 'Dockerfile', start: 2, end: 1 + line.split('\n').length }, line);
  }
});

test('instructions without a stage', (t) => {
  t.regex(refusal(() => parse('ARG a', 'RUN b')).message, /RUN stands before the first FROM/);
  t.regex(refusal(() => parse('ARG a')).message, /no stages/);
  for (const text of ['', '\n\n', '# only a comment\n', '\ufeff']) {
    t.regex(refusal(() => parse(text)).message, /no instructions/);
  }
});

test('text that is not UTF-8 is refused, in comments it is not looked at', (t) => {
  const latin = (text: string) => Buffer.from(text, 'latin1');
  t.is(parseDockerfile(latin('# J\xfcrgen\nFROM scratch\n'), 'f').stages.length, 1);
  const error = refusal(() => parseDockerfile(latin('FROM scratch\nLABEL by=J\xfcrgen\n'), 'f'));
  t.regex(error.message, /not valid UTF-8/);
  t.deepEqual(error.location, { file: 'f', start: 2, end: 2 });
});

test('an escape character at the end of the file, and one that is escaped', (t) => {
  t.like(first('run', 'RUN a \\'), { command: { form: 'shell', script: 'a' } });
  const [one, two] = parse('FROM scratch', 'RUN a \\\\', 'RUN b').stages[0]!.instructions;
  t.like(one, { command: { script: 'a \\\\' } });
  t.like(two, { command: { script: 'b' } });
});
