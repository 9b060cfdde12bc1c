import test from 'ava';
import { chooseChallenge, parseChallenges } from '../../src/registry/challenge.ts';
import { mergeScopes } from '../../src/registry/scope.ts';

const plain = (header: string) => parseChallenges(header).map(({ scheme, parameters }) => ({ scheme, ...parameters }));

test('reads Docker Hub’s challenge', (t) => {
  const header =
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/debian:pull"';
  t.deepEqual(plain(header), [
    {
      scheme: 'bearer',
      realm: 'https://auth.docker.io/token',
      service: 'registry.docker.io',
      scope: 'repository:library/debian:pull',
    },
  ]);
});

test('reads several challenges, commas and quotes in strings, bare values and odd spaces', (t) => {
  const header = 'Negotiate, BEARER  realm = "a, \\"b\\"" ,scope="x:y:pull,push", Basic realm=plain,charset="UTF-8"';
  t.deepEqual(plain(header), [
    { scheme: 'negotiate' },
    { scheme: 'bearer', realm: 'a, "b"', scope: 'x:y:pull,push' },
    { scheme: 'basic', realm: 'plain', charset: 'UTF-8' },
  ]);
});

test('garbage gives no challenge and does not hang', (t) => {
  t.deepEqual(plain(''), []);
  t.deepEqual(plain('"""'), []);
  t.deepEqual(plain(',,, ,'), []);
});

test('a token comes before a password; without a realm it cannot be asked for', (t) => {
  t.is(chooseChallenge(parseChallenges('Basic realm=a, Bearer realm="b"'))?.scheme, 'bearer');
  t.is(chooseChallenge(parseChallenges('Bearer error="x", Basic realm=a'))?.scheme, 'basic');
  t.is(chooseChallenge(parseChallenges('Negotiate')), undefined);
});

test('scopes of one repository are merged, order does not matter', (t) => {
  t.deepEqual(mergeScopes(['repository:b:pull', 'repository:a:push,pull', 'repository:b:push']), [
    'repository:a:pull,push',
    'repository:b:pull,push',
  ]);
});
