import test from 'ava';
import { parseSsh } from '../../src/cli/parse-ssh.ts';

test('--ssh', (t) => {
  const sources = parseSsh(['default', 'a=/socket', 'b=/key,/other'], '/agent');
  t.deepEqual(
    [...sources],
    [
      ['default', ['/agent']],
      ['a', ['/socket']],
      ['b', ['/key', '/other']],
    ],
  );
  t.deepEqual([...parseSsh(['a=/key'], undefined)], [['a', ['/key']]]);
  const refused = (texts: string[], words: RegExp) =>
    t.throws(() => parseSsh(texts, undefined), { code: 'USAGE', message: words });
  refused(['default'], /SSH_AUTH_SOCK/);
  refused(['=/key'], /id is missing/);
  refused(['a=/x', 'a=/y'], /two of a/);
  refused(['a='], /path is missing/);
});
