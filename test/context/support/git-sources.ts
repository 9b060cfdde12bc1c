import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GitTrees } from '../../../src/context/git-files.ts';
import { findTool } from '../../../src/sandbox/find-tool.ts';
import type { RootTree, TreeStore } from '../../../src/snapshot/tree.ts';

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
