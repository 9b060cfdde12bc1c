import { closeSync, lstatSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';
import { loadLibc, splitDevice } from '../../src/io/libc.ts';
import { notRun } from '../support/not-run.ts';

const libc = loadLibc();
const AT_FDCWD = -100;

function place(t: { teardown(body: () => void): void }): (name: string) => string {
  const temp = temporaryDirectory('varve-libc');
  t.teardown(() => temp[Symbol.dispose]());
  return (name) => join(temp.path, name);
}

test('xattrs with any bytes, of the link and not of what it leads to', (t) => {
  const at = place(t);
  writeFileSync(at('file'), '');
  symlinkSync('file', at('link'));
  const value = Buffer.from([0, 0x80, 0xff, 10]);
  t.is(libc.getXattr(at('file'), 'user.x'), undefined);
  libc.setXattr(at('file'), 'user.x', value);
  libc.setXattr(at('file'), 'user.empty', Buffer.alloc(0));
  t.deepEqual(libc.getXattr(at('file'), 'user.x'), value);
  t.deepEqual(libc.getXattr(at('file'), 'user.empty'), Buffer.alloc(0));
  t.deepEqual(libc.listXattrs(at('file')).sort(), ['user.empty', 'user.x']);
  t.deepEqual(libc.listXattrs(at('link')), []);
  libc.removeXattr(at('file'), 'user.x');
  libc.removeXattr(at('file'), 'user.x');
  t.deepEqual(libc.listXattrs(at('file')), ['user.empty']);
  t.throws(() => libc.setXattr(at('absent'), 'user.x', value), { code: 'ENOENT' });
  t.throws(() => libc.listXattrs(at('absent')), { code: 'ENOENT', message: /llistxattr '.*absent'/ });
});

test('times to the nanosecond, before 1970 and after 2038, of the link itself', (t) => {
  const at = place(t);
  writeFileSync(at('file'), '');
  symlinkSync('absent', at('link'));
  const mtime = (name: string) => lstatSync(at(name), { bigint: true }).mtimeNs;
  for (const ns of [0n, 1n, 1_700_000_000_123_456_789n, 5_000_000_000_000_000_001n, -1n, -1_500_000_000n]) {
    libc.setTime(at('file'), ns);
    t.is(mtime('file'), ns);
    libc.setTime(at('link'), ns);
    t.is(mtime('link'), ns);
  }
  const fd = openSync(at('file'), 'r+');
  libc.setFileTime(fd, 42n);
  closeSync(fd);
  t.is(mtime('file'), 42n);
  t.throws(() => libc.setTime(at('absent'), 0n), { code: 'ENOENT' });
});

test('statx says what lstat says, below a directory, and false for what is not there', (t) => {
  const at = place(t);
  mkdirSync(at('d'));
  writeFileSync(Buffer.from(`${at('d')}/\xff`, 'latin1'), 'four');
  symlinkSync('absent', at('d/link'));
  const into = Buffer.alloc(256);
  const dir = openSync(at('d'), 'r');
  try {
    // struct statx: mode at 28, ino at 32, size at 40 (linux/stat.h)
    t.true(libc.statx(dir, '\xff', into));
    const real = lstatSync(Buffer.from(`${at('d')}/\xff`, 'latin1'), { bigint: true });
    t.deepEqual(
      [into.readUInt16LE(28), into.readBigUInt64LE(32), into.readBigUInt64LE(40)],
      [Number(real.mode), real.ino, 4n],
    );
    t.true(libc.statx(dir, 'link', into));
    t.is(into.readUInt16LE(28) & 0o170000, 0o120000);
    t.false(libc.statx(dir, 'absent', into));
    t.true(libc.statx(AT_FDCWD, at('d'), into));
    t.is(into.readUInt16LE(28) & 0o170000, 0o040000);
    t.throws(() => libc.statx(dir, '\xff/x', into), { code: 'ENOTDIR' });
    t.throws(() => libc.statx(dir, 'x'.repeat(4096), into), { code: 'ENAMETOOLONG' });
  } finally {
    closeSync(dir);
  }
});

test('devices, with numbers past eight bits', (t) => {
  const at = place(t);
  if (process.getuid?.() !== 0) return notRun(t, 'needs root');
  for (const [i, [major, minor]] of (
    [
      [1, 3],
      [259, 70_000],
      [4095, 1_048_575],
    ] as const
  ).entries()) {
    try {
      libc.mknod(at(`device-${i}`), 0o020600, major, minor);
    } catch (error) {
      t.is((error as NodeJS.ErrnoException).code, 'EPERM', 'a container may forbid it');
      continue;
    }
    t.deepEqual(splitDevice(lstatSync(at(`device-${i}`), { bigint: true }).rdev), [major, minor]);
  }
  libc.mknod(at('fifo'), 0o010600, 0, 0);
  t.true(lstatSync(at('fifo')).isFIFO());
  t.throws(() => libc.mknod(at('fifo'), 0o010600, 0, 0), { code: 'EEXIST' });
  return undefined;
});

test('umask gives the one before', (t) => {
  const before = libc.umask(0o027);
  t.is(libc.umask(before), 0o027);
});
