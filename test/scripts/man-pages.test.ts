import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { manPages } from '../../scripts/man-pages/roff.ts';
import { createProgram } from '../../src/cli/program.ts';

const run = promisify(execFile);
const facts = { version: '1.2.3', date: new Date('2026-01-02T00:00:00Z') };

test('each command has a page, and groff finds no fault in any', async (t) => {
  const pages = manPages(await createProgram(new AbortController().signal), facts);
  const names = pages.map(({ name }) => name);
  for (const name of ['varve.1', 'varve-build.1', 'varve-store-prune.1']) t.true(names.includes(name), name);
  const child = run('groff', ['-man', '-Tutf8', '-ww', '-P-cbou'], { maxBuffer: 1 << 26 });
  child.child.stdin?.end(pages.map(({ text }) => text).join(''));
  const { stdout, stderr } = await child;
  t.is(stderr, '');
  const text = stdout.replaceAll(/\s+/g, ' ');
  t.true(
    text.includes('-f, --file <path> the Dockerfile (default: CONTEXT/Dockerfile): a path'),
    'a flag as it is typed',
  );
  t.true(text.includes("'s"), 'apostrophes stay');
  t.true(text.includes('varve-store-prune(1)'));
});
