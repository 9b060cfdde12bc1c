import { lstatSync, readFileSync, statSync } from 'node:fs';
import { chooseSandbox } from '../../../src/sandbox/choose-sandbox.ts';
import { needsUserNamespace } from '../../../src/sandbox/user-namespace.ts';
import { listAll, openBench, rungDeps } from './sandbox-bench.ts';

/** A program: `run-in-user-namespace RUNG DIRECTORY` runs some RUNs and prints what they did as JSON. */
const [rung = '', directory = ''] = process.argv.slice(2);
using bench = openBench(rung, directory);
const { reports } = await chooseSandbox('namespaces', { ...rungDeps(), scratch: bench.makeDirectory() });
const script =
  'id -u; echo x > /tmp/x; chown 1000:2000 /tmp/x; stat -c %u:%g /tmp/x; rm /not-executable; rm -r /mnt; mkdir /mnt; ' +
  'hostname; ls /proc | grep -c ^1$; echo y > /dev/null; mkdir /etc/deep && mv /etc/deep /etc/moved';
const asRoot = await bench.run(['sh', '-c', script]);
let asUser = '';
try {
  asUser = (await bench.run(['sh', '-c', 'id -u; id -G'], { user: { uid: 1000, gid: 1000, groups: [2000] } })).stdout;
} catch (error) {
  asUser = String(error);
}
const mine = statSync(`${asRoot.upper}/tmp/x`, { throwIfNoEntry: false });
process.stdout.write(
  JSON.stringify({
    facts: rungDeps().facts,
    reports,
    needsAgain: needsUserNamespace({ euid: 0, status: readFileSync('/proc/self/status', 'utf8') }),
    asRoot,
    asUser,
    upper: listAll(asRoot.upper),
    whiteout: lstatSync(`${asRoot.upper}/not-executable`).isCharacterDevice(),
    owner: mine ? `${mine.uid}:${mine.gid}` : '',
  }),
);
