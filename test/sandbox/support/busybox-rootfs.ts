import { accessSync, chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';

const APPLETS =
  'cat chmod chown cp dd echo env false grep head hostname id ifconfig kill ln ls mkdir mknod mv printf ps pwd readlink rm ' +
  'rmdir seq setsid sh sleep stat su touch tr true umask wc';

/** Where Debian's busybox-static and Alpine have it. */
export function findBusybox(): string | undefined {
  return ['/usr/bin/busybox', '/bin/busybox'].find((path) => {
    try {
      accessSync(path);
      return true;
    } catch {
      return false;
    }
  });
}

/** A small root file system in `directory` (which must not exist), with the mount points that a caller provides. */
export function makeBusyboxRootfs(directory: string, busybox: string): void {
  const at = (path: string): string => `${directory}/${path}`;
  for (const path of ['bin', 'proc', 'sys', 'dev', 'etc', 'tmp', 'root', 'mnt/a', 'mnt/b', 'mnt/c', 'home/user']) {
    mkdirSync(at(path), { recursive: true });
  }
  chmodSync(at('tmp'), 0o1777);
  // Not copyFile: it keeps the owner, which a user namespace may not have.
  const program = readFileSync(busybox);
  writeFileSync(at('bin/busybox'), program, { mode: 0o755 });
  for (const applet of APPLETS.split(' ').filter((name) => name !== 'su')) symlinkSync('busybox', at(`bin/${applet}`));
  writeFileSync(at('bin/su'), program);
  chmodSync(at('bin/su'), 0o4755);
  writeFileSync(at('etc/passwd'), 'root::0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n');
  writeFileSync(at('etc/group'), 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n');
  for (const path of ['etc/resolv.conf', 'etc/hosts', 'not-executable']) writeFileSync(at(path), '');
  symlinkSync('/mnt/a', at('link-to-a'));
}
