import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../../../scripts/temporary-directory.ts';
import { spreadOf } from '../../../src/cli/bench/bench-row.ts';
import { LOOKS, lookAt, openBrowser } from '../../support/browser.ts';
import { VARVE } from '../support/cli-bench.ts';

const DOCKERFILE = 'FROM scratch\nCOPY lock /lock\nCOPY src /src\n';

test('commits of a repository are built with a warm store and as in CI; it goes on where it was ended', async (t) => {
  t.timeout(600_000);
  using temp = temporaryDirectory('varve-bench');
  const repo = join(temp.path, 'repo');
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', repo, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args]);
  execFileSync('git', ['init', '--quiet', '-b', 'main', repo]);
  const commit = (files: Record<string, string>, subject: string): void => {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(repo, name), content);
    git('add', '-A');
    git('commit', '--quiet', '-m', subject);
  };
  commit({ Dockerfile: DOCKERFILE, lock: '1', src: 'a' }, 'one');
  commit({ src: 'b' }, 'two, <b>bold</b>');
  commit({ README: 'r' }, 'three');
  commit({ lock: '2' }, 'four');
  const file = (name: string): string => join(temp.path, name);
  const bench = (...more: string[]) =>
    execFileSync(VARVE, ['bench', 'history', '--repo', repo, '--work', file('work'), ...more], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  bench('--commits', '2', '--ref', 'HEAD~2', '--mode', 'warm');
  const measured = readFileSync(file('work/rows.jsonl'), 'utf8');
  // The last line was cut off when the benchmark was killed.
  writeFileSync(file('work/rows.jsonl'), measured.slice(0, -20));
  const printed = bench('--json', file('b.json'), '--csv', file('b.csv'), '--report', file('b.html'));
  const rows = JSON.parse(readFileSync(file('b.json'), 'utf8')) as { mode: string; hits: number; misses: number }[];
  const hits = (mode: string) => rows.filter((row) => row.mode === mode).map((row) => `${row.hits}/${row.misses}`);
  // The build of the second commit was done before, and its row was lost.
  t.deepEqual(hits('warm'), ['0/2', '2/0', '2/0', '0/2']);
  t.deepEqual(hits('ci'), ['0/2', '1/1', '2/0', '0/2']);
  t.deepEqual(readFileSync(file('work/rows.jsonl'), 'utf8').split('\n')[0], measured.split('\n')[0]);
  t.regex(printed, /^ci +4 +0 +38% +0% +25% +100% /m);
  t.regex(printed, /^warm +\d+ +\[stage-0] COPY lock \/lock +.*files 1/m);
  const other = t.throws(() => bench('--build-flag=--label=a=b')) as Error & { status: number; stderr: string };
  t.is(other.status, 2);
  t.regex(other.stderr, /has a benchmark of another context/);
  const csv = readFileSync(file('b.csv'), 'utf8').trim().split('\r\n');
  t.is(csv.length, 9);
  t.true(csv.every((line) => line.split(',').length === csv[0]!.split(',').length));
  const page = readFileSync(file('b.html'), 'utf8');
  t.true(page.includes('two, &lt;b&gt;bold'));
  t.is(String(git('status', '--porcelain')), '');
  const browser = await openBrowser(t);
  if (!browser) return;
  try {
    for (const look of [LOOKS[0]!, LOOKS[3]!])
      t.deepEqual(await lookAt(browser, file('b.html'), look), { said: [], barriers: [], overflow: 0 });
  } finally {
    await browser.close();
  }
});

test('the spread of figures', (t) => {
  t.deepEqual(spreadOf([3, 1, 2]), { min: 1, median: 2, max: 3 });
  t.deepEqual(spreadOf([4, 1]), { min: 1, median: 2.5, max: 4 });
  t.is(spreadOf([]), undefined);
});
