import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { cleanLine, oneLine } from '../../src/cli/progress/clean-output.ts';
import { indexTar } from '../../src/registry/tar-index.ts';
import { unpackBytes } from '../fixtures/layer-blob.ts';
import { makeTar, paxHeader } from '../fixtures/make-tar.ts';

// Time with the square of these would be longer than a test may take.
const RUN = 1_000_000;

test('output with a million carriage returns, and instructions with a million blanks, are shown', (t) => {
  t.is(cleanLine(`a${'\r'.repeat(RUN)}b\r`), 'b');
  t.is(oneLine(`RUN a${' '.repeat(RUN)}b \r\n\n  c\n`), `RUN a${' '.repeat(RUN)}b c `);
  t.is(oneLine('\na\n'), ' a ');
});

test("a layer's name of slashes is refused or read, and an archive's", async (t) => {
  const name = `${'/'.repeat(900_000)}x`;
  const entry = await unpackBytes(makeTar([paxHeader({ path: name }), { name: 'f', content: 'f' }]), {
    whiteouts: 'none',
  }).catch((error: Error) => error);
  t.truthy(entry);
  const directory = mkdtempSync(join(tmpdir(), 'varve-hostile-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const path = join(directory, hash('sha1', name));
  writeFileSync(path, makeTar([paxHeader({ path: `a${'/'.repeat(60_000)}x` }), { name: 'f', content: 'f' }]));
  await using file = await open(path);
  t.is((await indexTar(file, 'it')).size, 1);
});
