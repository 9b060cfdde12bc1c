import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

export interface OrdinaryUser extends Disposable {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** A directory of the user's own. */
  readonly directory: string;
}

/** A real user with a range in /etc/subuid and /etc/subgid; gone at the end of the block. Needs root and useradd. */
export function makeOrdinaryUser(): OrdinaryUser {
  const name = `varve-test-${process.pid}`;
  execFileSync('useradd', ['--no-create-home', '--user-group', name]);
  const directory = mkdtempSync(`${tmpdir()}/varve-user-`);
  const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  const [uid, gid] = [id('-u'), id('-g')];
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    // Debian's useradd does it by itself; a range that nobody has on a test machine otherwise.
    if (!readFileSync(file, 'utf8').includes(`${name}:`)) appendFileSync(file, `${name}:1000000:65536\n`);
  }
  chmodSync(directory, 0o755);
  chownSync(directory, uid, gid);
  return {
    name,
    uid,
    gid,
    directory,
    [Symbol.dispose]: () => {
      rmSync(directory, { recursive: true, force: true });
      execFileSync('userdel', [name], { stdio: 'ignore' });
    },
  };
}
