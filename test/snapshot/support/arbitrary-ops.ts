import fc from 'fast-check';
import type { DiskOp } from './disk-ops.ts';

const NAMES = ['a', 'b', 'c', '\xff\xfe', '\xe9 \n'];
const path = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const mode = fc.constantFrom('0644', '0755', '4711', '1777', '0000');
const id = fc.constantFrom(0, 7, 2 ** 32 - 2);
const mtime = fc.record({
  sec: fc.constantFrom(0, 1, 1_700_000_000, -5, 2 ** 33),
  nsec: fc.constantFrom(0, 1, 999_999_999),
});
// Few, and of one length: an edit often leaves size and, with chtimes, mtime as they were.
const content = fc.constantFrom('', 'one', 'two', 'x'.repeat(70_000));

const simple: fc.Arbitrary<DiskOp> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('create'), path, content, mode }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('mkdir'), path, mode: fc.constantFrom('0755', '0700') }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('symlink'), path, target: fc.constantFrom('a', '/b/\xff', '..') }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('removeAll'), path }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('chmod'), path, mode }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('chown'), path, uid: id, gid: id }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('lchtimes'), path, mtime }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('mknod'),
      path,
      mode,
      type: fc.constantFrom('char', 'block', 'fifo', 'socket'),
      major: fc.constantFrom(1, 4095),
      minor: fc.constantFrom(3, 2 ** 20 - 1),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('setxattr'),
      path,
      key: fc.constantFrom('user.a', 'trusted.b', 'user.overlay.x'),
      value: fc.constantFrom('', '\xff\0'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('setxattr'),
      path,
      key: fc.constant('security.capability'),
      // VFS_CAP_REVISION_2, cap_net_raw: the kernel refuses anything that is no capability set.
      value: fc.constant('\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0'),
    }),
  },
);
const linking: fc.Arbitrary<DiskOp> = fc.oneof(
  fc.record({ op: fc.constant('link'), path, target: path }),
  fc.record({ op: fc.constant('rename'), path, to: path }),
);

const inBytes = (ops: DiskOp[]): DiskOp[] => ops.map((op) => ({ ...op, bytes: true }));

/** An edit script; some of its operations fail where they land. */
export const arbitraryOps: fc.Arbitrary<DiskOp[]> = fc
  .array(fc.oneof({ weight: 5, arbitrary: simple }, { weight: 2, arbitrary: linking }), { minLength: 1, maxLength: 25 })
  .map(inBytes);

/** Without hard links and renames, which overlayfs does in other steps than a plain filesystem. */
export const arbitrarySimpleOps: fc.Arbitrary<DiskOp[]> = fc
  .array(simple, { minLength: 1, maxLength: 25 })
  .map(inBytes);
