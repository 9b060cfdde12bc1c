// `node remove-tree-worker.ts <path>`: makes, as an ordinary user, a tree that denies everything, and removes it.
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../../src/cas/remove-tree.ts';

const top = process.argv[2]!;
if (process.getuid?.() === 0) process.setuid?.(65534); // nobody
for (const name of ['closed', 'read-only', 'no-entry']) {
  mkdirSync(join(top, name, 'inner'), { recursive: true });
  writeFileSync(join(top, name, 'inner', 'file'), '', { mode: 0o000 });
  chmodSync(join(top, name, 'inner'), 0o555);
}
chmodSync(join(top, 'closed'), 0o000);
chmodSync(join(top, 'read-only'), 0o555);
chmodSync(join(top, 'no-entry'), 0o444);
let denied = false;
try {
  readdirSync(join(top, 'closed'));
} catch {
  denied = true;
}
if (!denied) throw new Error('this user is denied nothing, so the test would show nothing');
await removeTree(top);
