import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type GitIndexUse, openDirectoryContext } from '../../../src/context/directory-context.ts';
import { fromText } from '../../../src/io/byte-path.ts';
import { loadLibc } from '../../../src/io/libc.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { listLog } from '../../cas/store-fixture.ts';
import type { MemoryCatalog } from '../../snapshot/support/memory-catalog.ts';
import { readSource } from '../../snapshot/support/source.ts';
import { ageIndex, git } from './git.ts';

export const FILES = 12;
export const LARGE = 200_000;

/** A repository with 12 files, one of which is large and one executable. */
export function makeRepository(path: string, ...init: string[]): void {
  mkdirSync(join(path, 'sub/deep'), { recursive: true });
  git(path, 'init', '-q', ...init);
  for (let i = 0; i < 9; i++) writeFileSync(join(path, ['', 'sub', 'sub/deep'][i % 3]!, `f${i}`), `file ${i}\n`);
  writeFileSync(join(path, 'sub/large'), Buffer.alloc(LARGE, 'x'));
  writeFileSync(join(path, 'run.sh'), '#!/bin/sh\n');
  chmodSync(join(path, 'run.sh'), 0o755);
  writeFileSync(Buffer.from(`${fromText(path)}/n\xe4me\n`, 'latin1'), 'bytes');
  symlinkSync('f0', join(path, 'link'));
  commit(path);
}

export function commit(path: string): void {
  git(path, 'add', '-A');
  git(path, 'commit', '-qm', 'c');
}

export function clone(from: string, to: string, ...more: string[]): string {
  git('/', 'clone', '-q', ...more, from, to);
  ageIndex(to);
  return to;
}

export async function scan(root: string, catalog: MemoryCatalog, gitIndex: GitIndexUse = 'auto') {
  const log = listLog();
  const context = await openDirectoryContext({
    path: root,
    // .git itself is no part of what is counted.
    ignores: (path) => (/(^|\/)\.git$/.test(path) ? 'exclude-tree' : 'include'),
    catalog,
    libc: loadLibc(),
    clock: { now: () => Date.now() + 60_000, monotonic: () => 0 },
    signal: new AbortController().signal,
    log,
    gitIndex,
    program: (name) => `/usr/bin/${name}`,
  });
  const entries = await readSource(context.source);
  await context.flush();
  return { entries, opened: context.source.counters.opened, log };
}

/** Held against the bytes on disk, whatever was read to find them. */
export function isTrue(t: ExecutionContext, root: string, { entries }: Awaited<ReturnType<typeof scan>>): void {
  for (const [path, { digest }] of entries)
    if (digest) t.is(digest, digestOf(readFileSync(Buffer.from(`${fromText(root)}/${path}`, 'latin1'))), path);
}
