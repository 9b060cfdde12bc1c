import { readFileSync } from 'node:fs';
import test from 'ava';
import { SPACES } from '../../src/cas/catalog.ts';

const DOC = readFileSync(new URL('../../docs/store-format.md', import.meta.url), 'utf8');

test("docs/store-format.md has the code's key spaces, each in the table and with a part that says what its bytes are", (t) => {
  const table = [...DOC.matchAll(/^\| `(\w+)` \| [^|]+ \| [^|]+ \| `src\/\w+`, \[\1\]\(#\1\) \|$/gm)].map(
    ([, name]) => name,
  );
  t.deepEqual(table, [...SPACES]);
  const parts = [...DOC.matchAll(/^#### (\w+)\n\n(?!#)\S/gm)].map(([, name]) => name);
  t.deepEqual(parts, [...SPACES]);
});
