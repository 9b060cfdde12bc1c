// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Dockerfiles
import test from 'ava';
import { checkText, rulesOf, stagesOf } from '../support/check-text.ts';

test('stages in a circle, or in the wrong order', async (t) => {
  t.deepEqual(
    await rulesOf(['FROM scratch AS a', 'COPY --from=c x /', 'FROM a AS b', 'FROM scratch AS c', 'COPY --from=b x /']),
    ['error@2: circular dependency detected on stage: a'],
  );
  t.deepEqual(await rulesOf(['FROM scratch AS a', 'COPY --from=a x /']), [
    'error@2: circular dependency detected on stage: a',
  ]);
  t.deepEqual(await rulesOf(['FROM scratch AS a', 'COPY --from=b x /', 'FROM scratch AS b']), [
    'error@2: stage "b" needs to be defined before current stage "a"',
  ]);
});

test('a mistyped target gets a suggestion', async (t) => {
  const { error } = await checkText(['FROM scratch AS builder'], { target: 'bulder' });
  t.regex(error?.message ?? '', /"bulder" could not be found \(did you mean builder\?\)/);
});

test('BUILDKIT_SYNTAX counts instead of the directive', async (t) => {
  const lines = ['# syntax=example.com/other:1', 'FROM scratch'];
  t.regex((await rulesOf(lines)).join(), /^error@1: the Dockerfile asks for the frontend example\.com\/other:1/);
  t.deepEqual(await rulesOf(lines, { buildArgs: { BUILDKIT_SYNTAX: 'docker/dockerfile:1-labs' } }), []);
  t.regex((await rulesOf(['FROM scratch'], { buildArgs: { BUILDKIT_SYNTAX: 'x/y' } })).join(), /frontend x\/y/);
});

test('an automatic argument may be given without an ARG', async (t) => {
  const buildArgs = { TARGETARCH: 'mine' };
  t.deepEqual((await stagesOf(['FROM image-${TARGETARCH}'], { buildArgs })).asked, ['image-mine']);
});

test('what EXPOSE refuses', async (t) => {
  for (const [port, words] of [
    ['localhost:80:80', 'invalid IP address: localhost'],
    ['80/icmp', 'invalid port: "80/icmp": invalid proto: icmp'],
    ['1:', 'invalid port: "1:": no port specified'],
    ['70000', 'invalid containerPort: 70000'],
  ]) {
    const { error } = await checkText(['FROM scratch', `EXPOSE ${port}`]);
    t.deepEqual([error?.location?.start, error?.message], [2, words]);
  }
});
