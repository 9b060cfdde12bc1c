import test from 'ava';
import type { FileStat } from '../../src/snapshot/file-stat.ts';
import { isRacy } from '../../src/snapshot/racy.ts';

const MS = 1_000_000n;
const SEEN = 1_700_000_000_500; // ms

function at(ms: number, more = 0n): FileStat {
  const time = BigInt(ms) * MS + more;
  return { dev: 1n, ino: 2n, size: 3, mtime: time, ctime: time, mode: 0o100644, uid: 0, gid: 0 };
}

test('a file that changed within two jiffies of the look proves nothing', (t) => {
  t.true(isRacy(at(SEEN, 1n), SEEN));
  t.true(isRacy(at(SEEN - 20, 1n), SEEN));
  t.false(isRacy(at(SEEN - 21, 1n), SEEN));
});

test('times in whole seconds may stand for two of them', (t) => {
  t.true(isRacy(at(SEEN - 1500), SEEN));
  t.false(isRacy(at(SEEN - 2500), SEEN));
});

test('either time decides, and one in the future is racy', (t) => {
  const old = at(SEEN - 60_000, 1n);
  t.false(isRacy(old, SEEN));
  t.true(isRacy({ ...old, ctime: BigInt(SEEN) * MS + 1n }, SEEN));
  t.true(isRacy({ ...old, mtime: BigInt(SEEN + 3_600_000) * MS + 1n }, SEEN));
});
