import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { indexTar } from '../../src/registry/tar-index.ts';

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'varve-tar-index-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

async function read(path: string): Promise<Record<string, string>> {
  await using file = await open(path);
  const found: Record<string, string> = {};
  for (const [name, { start, size }] of await indexTar(file, 'it')) {
    const bytes = Buffer.alloc(size);
    await file.read(bytes, 0, size, start);
    found[name] = bytes.toString();
  }
  return found;
}

for (const format of ['gnu', 'pax', 'ustar']) {
  test(`${format}: members by name, long names, links`, async (t) => {
    const path = directory(t);
    const deep = `${'long'.repeat(20)}/${'name'.repeat(20)}`;
    mkdirSync(join(path, 'root', deep), { recursive: true });
    writeFileSync(join(path, 'root', deep, 'layer.tar'), 'layer');
    writeFileSync(join(path, 'root/a'), 'x'.repeat(70));
    writeFileSync(join(path, 'root/empty'), '');
    linkSync(join(path, 'root/a'), join(path, 'root/hard'));
    mkdirSync(join(path, 'root/l'));
    symlinkSync('../a', join(path, 'root/l/soft'));
    const tar = join(path, 'it.tar');
    execFileSync('tar', ['-C', join(path, 'root'), `--format=${format}`, '-cf', tar, '.']);
    const a = 'x'.repeat(70);
    t.deepEqual(await read(tar), { a, hard: a, 'l/soft': a, empty: '', [`${deep}/layer.tar`]: 'layer' });
  });
}

test('what is cut off, compressed or no tar is refused', async (t) => {
  const path = directory(t);
  writeFileSync(join(path, 'a'), randomBytes(5000));
  const [tar, gz] = [join(path, 'it.tar'), join(path, 'it.tgz')];
  execFileSync('tar', ['-C', path, '-cf', tar, 'a']);
  execFileSync('tar', ['-C', path, '-czf', gz, 'a']);
  truncateSync(tar, 3000);
  await t.throwsAsync(read(tar), { code: 'ARCHIVE_INVALID', message: /cut off/ });
  await t.throwsAsync(read(gz), { code: 'ARCHIVE_INVALID', message: /no tar/ });
  await t.throwsAsync(read(process.execPath), { code: 'ARCHIVE_INVALID', message: /no tar/ });
});
