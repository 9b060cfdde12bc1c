import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from './run-process.ts';

/** Makes the tree of a small image at `root`: Debian's static busybox, a link for each of its programs, two users. */
export async function makeBusyboxRoot(root: string): Promise<void> {
  const directories = ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp', 'usr/bin', 'var/tmp', 'home'];
  for (const name of directories) mkdirSync(join(root, name), { recursive: true });
  for (const name of ['tmp', 'var/tmp']) chmodSync(join(root, name), 0o1777);
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  chmodSync(join(root, 'bin/busybox'), 0o755);
  const programs = (await outputOf(['/bin/busybox', '--list'])).split('\n');
  for (const name of programs) {
    if (name !== '' && name !== 'busybox') symlinkSync('busybox', join(root, 'bin', name));
  }
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
}

/** Packs a tree as root's, with one order and one time, so that the same files give the same bytes. */
export async function packRoot(root: string, tar: string): Promise<void> {
  await outputOf([
    'tar',
    '--create',
    `--file=${tar}`,
    `--directory=${root}`,
    '--sort=name',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mtime=@0',
    '.',
  ]);
}
