import { readFileSync } from 'node:fs';
import test from 'ava';
import { withTables } from '../../../scripts/from-kaniko/tables.ts';

test('docs/from-kaniko.md has the flags that the parser reads', (t) => {
  const text = readFileSync(new URL('../../../docs/from-kaniko.md', import.meta.url), 'utf8');
  t.is(text, withTables(text), 'node scripts/from-kaniko.ts writes it anew');
});
