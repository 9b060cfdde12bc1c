import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../../../scripts/temporary-directory.ts';
import type { HistoryRow } from '../../../src/cli/bench/bench-row.ts';
import { checkCommon, openPeer } from '../../../src/cli/bench/builders/open-peer.ts';
import { notRun } from '../../support/not-run.ts';
import { VARVE } from '../support/cli-bench.ts';

const SETTINGS = { buildFlag: [], peerFlag: [], cacheRepo: undefined, signal: new AbortController().signal };

test('flags that another builder does not know are refused by name', (t) => {
  t.notThrows(() => checkCommon(['--build-arg', 'A=b', '--target=x'], 'buildah'));
  const error = t.throws(() => checkCommon(['--target=x', '--compression=zstd'], 'buildah'), { code: 'USAGE' });
  t.regex(error!.message, /--compression=zstd/);
});

test('commits are built with buildah beside varve', async (t) => {
  t.timeout(600_000);
  if (spawnSync('buildah', ['--version']).status !== 0) return notRun(t, 'buildah is not installed');
  await t.throwsAsync(openPeer('buildah', { ...SETTINGS, modes: ['ci'] }), { message: /ci needs --cache-repo/ });
  using temp = temporaryDirectory('varve-against');
  const file = (name: string): string => join(temp.path, name);
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', file('repo'), '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args]);
  execFileSync('git', ['init', '--quiet', '-b', 'main', file('repo')]);
  writeFileSync(file('repo/Dockerfile'), 'FROM scratch\nCOPY lock /lock\nCOPY src /src\n');
  writeFileSync(file('repo/lock'), '1');
  for (const source of ['a', 'b']) {
    writeFileSync(file('repo/src'), source);
    git('add', '-A');
    git('commit', '--quiet', '-m', source);
  }
  const argv = ['bench', 'history', '--repo', file('repo'), '--work', file('work'), '--json', file('b.json')];
  const printed = execFileSync(VARVE, [...argv, '--mode', 'warm', '--against', 'buildah'], { encoding: 'utf8' });
  const rows = JSON.parse(readFileSync(file('b.json'), 'utf8')) as HistoryRow[];
  t.deepEqual(
    rows.map(({ builder, result, hits, misses }) => `${builder} ${result} ${hits}/${misses}`),
    ['varve done 0/2', 'buildah done 0/2', 'varve done 1/1', 'buildah done 1/1'],
  );
  t.true(rows.every(({ diskBytes }) => diskBytes !== undefined));
  t.regex(printed, /^warm, buildah +2 +0 +25%/m);
  t.regex(printed, /^- warm: 25% of varve's steps hit, 25% of buildah's\. buildah takes/m);
});
