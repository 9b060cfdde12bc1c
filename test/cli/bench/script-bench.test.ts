import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../../../scripts/temporary-directory.ts';
import type { ScriptRow } from '../../../src/cli/bench/bench-row.ts';
import { LOOKS, lookAt, openBrowser } from '../../support/browser.ts';
import { VARVE } from '../support/cli-bench.ts';

const SCRIPT = `variants:
  all-first: {}
  lock-first: { dockerfile: Dockerfile.lock-first }
edits:
  notes: { do: [{ append: { file: notes, text: "{n}" } }] }
`;

test('variants are built after each edit; what is complete is not built again until something changed', async (t) => {
  t.timeout(600_000);
  using temp = temporaryDirectory('varve-bench-script');
  const file = (name: string): string => join(temp.path, name);
  writeFileSync(file('notes'), 'a');
  writeFileSync(file('lock'), 'b');
  symlinkSync('nowhere', file('link'));
  writeFileSync(file('Dockerfile'), 'FROM scratch\nCOPY . /all\nCOPY lock /lock\n');
  writeFileSync(file('Dockerfile.lock-first'), 'FROM scratch\nCOPY lock /lock\nCOPY . /all\n');
  writeFileSync(file('bench.yaml'), SCRIPT);
  mkdirSync(file('out'));
  const bench = (...more: string[]) => {
    const outputs = ['--json', file('b.json'), '--csv', file('b.csv'), '--report', file('b.html')];
    // The work, the script and what is written lie in the context: they are no part of it.
    const argv = ['bench', 'script', file('bench.yaml'), '--work', file('out/work'), ...outputs, ...more];
    return execFileSync(VARVE, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };
  const printed = bench();
  const rows = JSON.parse(readFileSync(file('b.json'), 'utf8')) as ScriptRow[];
  t.deepEqual(
    rows.map((row) => `${row.variant} ${row.mode} ${row.edit ?? '-'} ${row.hits}/${row.misses}`),
    [
      ...['all-first warm - 0/2', 'all-first warm notes 0/2', 'all-first ci - 0/2', 'all-first ci notes 0/2'],
      ...['lock-first warm - 0/2', 'lock-first warm notes 1/1', 'lock-first ci - 0/2', 'lock-first ci notes 1/1'],
    ],
  );
  t.regex(printed, /^lock-first, warm +1 +0 +50%/m);
  t.regex(printed, /^- `COPY lock \/lock` runs again for every change of the files of `COPY \. \/all`: put it above/m);
  t.regex(printed, /^warm +lock-first +50% .*may be noise/m);
  t.is(readFileSync(file('notes'), 'utf8'), 'a');
  const measured = readFileSync(file('out/work/rows.jsonl'), 'utf8');
  t.is(bench(), printed);
  t.is(readFileSync(file('out/work/rows.jsonl'), 'utf8'), measured);
  writeFileSync(file('lock'), 'c');
  bench('--mode', 'cold');
  const cold = JSON.parse(readFileSync(file('b.json'), 'utf8')) as ScriptRow[];
  t.deepEqual(
    cold.map((row) => `${row.variant} ${row.edit} ${row.hits}/${row.misses}`),
    ['all-first notes 0/2', 'lock-first notes 0/2'],
  );
  t.not(cold[0]!.input, rows[0]!.input);
  const csv = readFileSync(file('b.csv'), 'utf8').trim().split('\r\n');
  t.true(csv[0]!.startsWith('builder,variant,mode,repeat,index,edit,result,'));
  t.is(csv.length, 3);
  const browser = await openBrowser(t);
  if (!browser) return;
  try {
    for (const look of [LOOKS[1]!, LOOKS[2]!])
      t.deepEqual(await lookAt(browser, file('b.html'), look), { said: [], barriers: [], overflow: 0 });
  } finally {
    await browser.close();
  }
});
