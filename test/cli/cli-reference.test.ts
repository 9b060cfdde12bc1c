import { readFileSync } from 'node:fs';
import test from 'ava';
import { cliReference } from '../../scripts/cli-reference/markdown.ts';

test('docs/cli.md says what the command line takes', async (t) => {
  const text = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
  t.is(text, await cliReference(), 'node scripts/cli-reference.ts writes it anew');
});
