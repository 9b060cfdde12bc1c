import test from 'ava';
import { machineFault } from '../../src/io/machine-fault.ts';

test('a full file system says what is left of it, however deep the error lies', (t) => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
    path: '/none/of/it',
  });
  const fault = machineFault(new Error('outer', { cause: new Error('inner', { cause: full }) }));
  t.regex(fault?.what ?? '', /^the file system is full \(now \d+% of its bytes and \d+% of its inodes are free\)$/);
  t.regex(fault?.hint ?? '', /store prune/);
});

for (const code of ['EDQUOT', 'EIO', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM']) {
  test(`${code} has a hint`, (t) => {
    t.regex(machineFault(Object.assign(new Error('x'), { code }))?.hint ?? '', /.{20}/);
  });
}

test('other errors are none of the machine', (t) => {
  t.is(machineFault(Object.assign(new Error('x'), { code: 'ENOENT' })), undefined);
  t.is(machineFault(Object.assign(new Error('x'), { code: 'toString' })), undefined);
  t.is(machineFault('x'), undefined);
});
