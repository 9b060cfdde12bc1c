// node scripts/man-pages.ts [DIST]: the manual pages of the command line's own definitions, in dist/man.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { packageVersion } from '../src/cli/package-version.ts';
import { createProgram } from '../src/cli/program.ts';
import { manPages } from './man-pages/roff.ts';

const directory = join(resolve(process.argv[2] ?? join(import.meta.dirname, '../dist')), 'man');
const program = await createProgram(new AbortController().signal);
const { SOURCE_DATE_EPOCH: epoch } = process.env;
const date = epoch ? new Date(Number(epoch) * 1000) : new Date();
mkdirSync(directory, { recursive: true });
for (const { name, text } of manPages(program, { version: packageVersion(), date })) {
  writeFileSync(join(directory, name), text);
}
