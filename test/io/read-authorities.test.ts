import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';
import { readAuthorities } from '../../src/io/read-authorities.ts';

const pem = (text: string, label = 'CERTIFICATE') => `-----BEGIN ${label}-----\n${text}\n-----END ${label}-----`;

test('each certificate of files and directories once, whatever stands around it', (t) => {
  using temp = temporaryDirectory('varve-authorities');
  const at = (name: string) => join(temp.path, name);
  mkdirSync(at('certs'));
  mkdirSync(at('certs/directory'));
  writeFileSync(at('bundle'), `# Some CA\n${pem('AAAA')}\n\n${pem('BBBB').replaceAll('\n', '\r\n')}\n`);
  writeFileSync(at('certs/b.pem'), pem('BBBB'));
  writeFileSync(at('certs/c.pem'), `${pem('CCCC', 'TRUSTED CERTIFICATE')}\n`);
  writeFileSync(at('certs/key'), pem('DDDD', 'PRIVATE KEY'));
  writeFileSync(at('certs/README'), 'nothing');
  symlinkSync('c.pem', at('certs/5f3a9c1e.0'));
  symlinkSync('gone', at('certs/dangling'));
  t.deepEqual(readAuthorities([at('bundle'), at('certs')]), [
    pem('AAAA'),
    pem('BBBB'),
    pem('CCCC', 'TRUSTED CERTIFICATE'),
  ]);
  t.throws(() => readAuthorities([at('gone')]), { code: 'ENOENT' });
});
