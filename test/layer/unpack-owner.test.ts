import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';

test('an owner that the user namespace does not have is refused with what to do', (t) => {
  try {
    execFileSync('unshare', ['--user', '--map-root-user', 'true'], { stdio: 'pipe' });
  } catch (error) {
    return t.log(`no user namespaces here: ${(error as Error).message}`);
  }
  const dir = mkdtempSync(join(tmpdir(), 'varve-owner-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const script = join(import.meta.dirname, '../fixtures/unpack-here.ts');
  const run = (uid: number): { code: string; message: string; hint: string } => {
    const dest = join(dir, String(uid));
    mkdirSync(dest);
    const argv = ['--user', '--map-root-user', process.execPath, script, dest, String(uid)];
    return JSON.parse(execFileSync('unshare', argv, { encoding: 'utf8' }));
  };
  t.is(run(0).code, 'ok');
  const refused = run(5);
  t.is(refused.code, 'UNPACK_OWNER');
  t.regex(refused.message, /\/some\/name .*5:0/);
  t.regex(refused.hint, /\/etc\/subuid/);
});
