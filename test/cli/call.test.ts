// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Dockerfiles
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';

const VARVE = join(import.meta.dirname, '../../bin/varve');

/** Runs varve in a directory with this Dockerfile and one file, `ignored`, that .dockerignore names. */
function varve(dockerfile: string, args: readonly string[]) {
  using temp = temporaryDirectory('varve-call');
  writeFileSync(join(temp.path, 'Dockerfile'), dockerfile);
  writeFileSync(join(temp.path, '.dockerignore'), 'ignored\n');
  const env = { ...process.env, VARVE_STORE: join(temp.path, 'store') };
  const { stdout, stderr, status } = spawnSync(VARVE, args, { cwd: temp.path, encoding: 'utf8', env });
  let metadata: unknown;
  if (args.includes('md.json')) metadata = JSON.parse(readFileSync(join(temp.path, 'md.json'), 'utf8'));
  return { stdout, stderr, status, metadata };
}

const CLEAN = 'FROM scratch\n';
const SLOPPY = 'FROM scratch\nCOPY ignored /$to\n';
const BROKEN = 'FROM scratch AS Base\nCOPPY a b\n';

test('a clean file', (t) => {
  for (const args of [['lint'], ['build', '--check', '.'], ['build', '--call', 'check', '.']]) {
    const { stdout, status } = varve(CLEAN, args);
    t.deepEqual([stdout, status], ['Check complete, no warnings found.\n', 0], args.join(' '));
  }
});

test('warnings make the status, unless it is to be ignored', (t) => {
  const { stdout, status } = varve(SLOPPY, ['build', '--check', '.']);
  t.is(status, 1);
  t.is(
    stdout,
    `Check complete, 2 warnings have been found!

WARNING: UndefinedVar - https://docs.docker.com/go/dockerfile/rule/undefined-var/
Usage of undefined variable '$to'
Dockerfile:2
--------------------
   1 |     FROM scratch
   2 | >>> COPY ignored /$to
   3 |     
--------------------

WARNING: CopyIgnoredFile - https://docs.docker.com/go/dockerfile/rule/copy-ignored-file/
Attempting to Copy file "ignored" that is excluded by .dockerignore
Dockerfile:2
--------------------
   1 |     FROM scratch
   2 | >>> COPY ignored /$to
   3 |     
--------------------
`,
  );
  t.is(varve(SLOPPY, ['build', '--call', 'check,ignorestatus=true', '.']).status, 0);
});

test('as JSON', (t) => {
  const { stdout, status, metadata } = varve(SLOPPY, [
    'build',
    '--call=check,format=json',
    '--metadata-file',
    'md.json',
    '.',
  ]);
  t.is(status, 1);
  const result = JSON.parse(stdout);
  t.deepEqual(result.warnings[0], {
    ruleName: 'UndefinedVar',
    description: 'Variables should be defined before their use',
    url: 'https://docs.docker.com/go/dockerfile/rule/undefined-var/',
    detail: "Usage of undefined variable '$to'",
    location: { ranges: [{ start: { line: 2 }, end: { line: 2 } }] },
  });
  t.is(Buffer.from(result.sources[0].data, 'base64').toString(), SLOPPY);
  t.deepEqual(metadata, { 'result.json': result });
});

test('an error comes after what was found before it', (t) => {
  for (const args of [
    ['lint', '--format', 'json'],
    ['build', '--check', '.'],
  ]) {
    const { stdout, stderr, status } = varve(BROKEN, args);
    t.is(status, 1);
    t.regex(stdout, /StageNameCasing/);
    t.regex(stderr, /Dockerfile:2: unknown instruction: COPPY \(did you mean COPY\?\)/);
  }
});

test('a base image that cannot be reached ends a check of a build, not a lint', (t) => {
  const dockerfile = 'FROM 127.0.0.1:1/image:1\nUSER $name\nCMD x\n';
  const lint = varve(dockerfile, ['lint']);
  t.is(lint.status, 1);
  t.regex(lint.stdout, /1 warning has been found!\n\nWARNING: JSONArgsRecommended/);
  t.regex(lint.stderr, /failed to resolve 127\.0\.0\.1:1\/image:1/);
  const check = varve(dockerfile, ['build', '--check', '.']);
  t.is(check.status, 1);
  t.regex(check.stderr, /Dockerfile:1: failed to resolve/);
});

test('targets and outline', (t) => {
  const dockerfile = `# V is the version
ARG V=1 W=\${V}2 unused
# base has it all
FROM scratch AS base
ARG W
RUN --mount=type=secret,id=token,required=true --mount=type=ssh true
FROM scratch AS other
ARG not=here
# last is what is shipped
FROM base AS last
ARG own=$W
`;
  t.is(
    varve(dockerfile, ['build', '--call', 'targets', '.']).stdout,
    'TARGET         DESCRIPTION\nbase           has it all\nother\nlast (default) is what is shipped\n',
  );
  t.is(
    varve(dockerfile, ['build', '--call', 'outline', '--build-arg', 'V=3', '.']).stdout,
    `TARGET:      last
DESCRIPTION: is what is shipped

BUILD ARG   VALUE   DESCRIPTION
V           3       is the version
W           32
own         32

SECRET   REQUIRED
token    true

SSH       REQUIRED
default

`,
  );
  const outline = JSON.parse(
    varve(dockerfile, ['build', '--call', 'outline,format=json', '--target', 'other', '.']).stdout,
  );
  t.deepEqual([outline.name, outline.args.map(({ name }: { name: string }) => name)], ['other', ['not']]);
});

test('a build warns of each finding once, and fails for them when it is asked to', (t) => {
  const dockerfile = 'FROM scratch AS a\nENV x=$y z=$y\nFROM scratch AS b\nENV p=$q\nFROM a\n';
  const built = varve(dockerfile, ['build', '.']);
  t.is(built.status, 0);
  t.deepEqual(built.stderr.match(/warning: .*/g), ["warning: UndefinedVar: Usage of undefined variable '$y' (line 2)"]);
  const failed = varve(dockerfile, ['build', '--build-arg', 'BUILDKIT_DOCKERFILE_CHECK=error=true', '.']);
  t.is(failed.status, 1);
  t.regex(failed.stderr, /lint violation found for rules: UndefinedVar/);
});
