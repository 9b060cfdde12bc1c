import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface TestAuthority {
  /** The authority's own certificate, in PEM. */
  readonly ca: string;
  /** A certificate that the authority signed, for servers at 127.0.0.1, localhost and these hosts, or for clients. */
  issue(name: string, hosts?: readonly string[]): Promise<{ readonly cert: string; readonly key: string }>;
}

const run = promisify(execFile);

/** An authority of a test's own, by openssl; all files lie in `dir`. */
export async function makeAuthority(dir: string): Promise<TestAuthority> {
  const [ca, caKey] = [join(dir, 'ca.pem'), join(dir, 'ca-key.pem')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await run('openssl', [
    'req',
    '-x509',
    ...key,
    '-subj',
    '/CN=varve test CA',
    '-keyout',
    caKey,
    '-out',
    ca,
    '-days',
    '2',
  ]);
  return {
    ca,
    async issue(name, hosts = []) {
      const [cert, certKey] = [join(dir, `${name}.pem`), join(dir, `${name}-key.pem`)];
      const signed = ['-x509', '-CA', ca, '-CAkey', caKey, '-days', '2'];
      const alternatives = ['DNS:localhost', 'IP:127.0.0.1', ...hosts.map((host) => `DNS:${host}`)].join(',');
      const names = ['-addext', `subjectAltName=${alternatives}`, '-addext', 'basicConstraints=CA:FALSE'];
      await run('openssl', [
        'req',
        ...signed,
        ...key,
        '-subj',
        `/CN=${name}`,
        ...names,
        '-keyout',
        certKey,
        '-out',
        cert,
      ]);
      return { cert, key: certKey };
    },
  };
}
