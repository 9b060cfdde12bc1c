import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GitTrees } from '../../../src/context/git-files.ts';
import { parseGitReference } from '../../../src/context/git-reference.ts';
import { createGitSources, type GitSources } from '../../../src/context/git-source.ts';
import { fromText, toFsPath } from '../../../src/io/byte-path.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { loadLibc } from '../../../src/io/libc.ts';
import { findTool } from '../../../src/sandbox/find-tool.ts';
import type { FileSource } from '../../../src/snapshot/file-source.ts';
import type { RootTree, TreeStore } from '../../../src/snapshot/tree.ts';
import { createTreeStore } from '../../../src/snapshot/tree-store.ts';
import { openTestStore, tempRoot } from '../../cas/store-fixture.ts';
import { type GitServer, startGitServer } from '../../support/git-server.ts';

/** A git that writes down the command of each call. */
export function countedGit(directory: string): { readonly program: string; commands(): string[] } {
  const log = join(directory, 'git-calls');
  const program = join(directory, 'counted-git');
  const git = findTool('git', process.env.PATH ?? '') ?? 'git';
  const script = `#!/bin/sh
for word; do
  case $word in
    --git-dir | --work-tree) skip=1 ;;
    *) [ -n "$skip" ] || { echo "$word" >> '${log}'; break; }; skip= ;;
  esac
done
exec '${git}' "$@"
`;
  writeFileSync(program, script);
  chmodSync(program, 0o755);
  return { program, commands: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []) };
}

/** Trees that are remembered as long as this lives. */
export function rememberedTrees(trees: TreeStore): GitTrees {
  const rows = new Map<string, RootTree>();
  return {
    trees,
    find: async (name) => rows.get(name),
    keep: async (name, tree) => void rows.set(name, tree),
  };
}

/** A server of repositories, and a store to fetch them into. */
export interface GitWorld {
  /** What was warned of. */
  readonly warnings: string[];
  /** Of git's calls, the names of their commands. */
  readonly commands: string[];
  readonly server: GitServer;
  sources(secrets?: Record<string, string>): GitSources;
  files(text: string, secrets?: Record<string, string>): Promise<FileSource>;
}

export async function gitWorld(
  t: { teardown(end: () => Promise<void>): void },
  allow?: (authorization?: string) => boolean,
): Promise<GitWorld> {
  const server = await startGitServer(allow);
  const { root, remove } = tempRoot();
  const store = await openTestStore(root);
  t.teardown(async () => {
    await store.close();
    remove();
    await server[Symbol.asyncDispose]();
  });
  const path = process.env.PATH ?? '';
  const warnings: string[] = [];
  const counted = countedGit(root);
  const remembered = rememberedTrees(createTreeStore(store.catalog));
  const sources = (secrets: Record<string, string> = {}): GitSources =>
    createGitSources({
      store,
      program: (name) => (name === 'git' ? counted.program : findTool(name, path)),
      remembered,
      warn: (text) => void warnings.push(text),
      env: { PATH: path },
      identity: {
        secret: async (id) => (secrets[id] === undefined ? undefined : Buffer.from(secrets[id])),
        sshAgent: async () => undefined,
      },
      libc: loadLibc(),
      clock: systemClock,
      signal: new AbortController().signal,
    });
  return {
    server,
    warnings,
    get commands() {
      return counted.commands();
    },
    sources,
    files: async (text, secrets) => (await sources(secrets).resolve(parseGitReference(text)!)).files(),
  };
}

/** A file's text, or `-> target`. */
export async function readText(source: FileSource, path: string): Promise<string | undefined> {
  const entry = await source.lookup(fromText(path));
  if (!entry) return undefined;
  if (entry.type === 'symlink') return `-> ${entry.target}`;
  const content = await source.content(fromText(path), entry);
  return 'bytes' in content ? content.bytes.toString() : readFileSync(toFsPath(content.path), 'utf8');
}

export const namesIn = async (source: FileSource, path = '') => (await source.list(path)).map(({ name }) => name);
