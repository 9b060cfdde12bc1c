import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { createFile, replaceFile } from '../../src/io/atomic-file.ts';

const directory = () => mkdtempSync(join(tmpdir(), 'varve-atomic-'));

test('replaceFile() makes and replaces, and leaves nothing beside', async (t) => {
  const root = directory();
  const path = join(root, 'file');
  await replaceFile(path, 'one');
  await replaceFile(path, Buffer.from('two'));
  t.is(readFileSync(path, 'utf8'), 'two');
  t.deepEqual(readdirSync(root), ['file']);
  rmSync(root, { recursive: true });
});

test('replaceFile() that fails leaves the old file and nothing beside', async (t) => {
  const root = directory();
  await t.throwsAsync(replaceFile(join(root, 'absent', 'file'), 'x'), { code: 'ENOENT' });
  writeFileSync(join(root, 'temp'), 'of someone else');
  await t.throwsAsync(replaceFile(join(root, 'file'), 'x', join(root, 'temp')), { code: 'EEXIST' });
  t.is(readFileSync(join(root, 'temp'), 'utf8'), 'of someone else');
  rmSync(root, { recursive: true });
});

test('createFile() makes a file once, whoever comes first', async (t) => {
  const root = directory();
  const path = join(root, 'file');
  const made = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (text) => [text, await createFile(path, text)] as const),
  );
  const winners = made.filter(([, won]) => won);
  t.is(winners.length, 1);
  t.is(readFileSync(path, 'utf8'), winners[0]![0]);
  t.false(await createFile(path, 'late'));
  t.is(readFileSync(path, 'utf8'), winners[0]![0]);
  t.deepEqual(readdirSync(root), ['file']);
  rmSync(root, { recursive: true });
});
