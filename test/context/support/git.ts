import { execFileSync } from 'node:child_process';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';

/** Runs git in a directory, apart from the machine's own configuration. */
export function git(cwd: string, ...args: string[]): string {
  const env = {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.com',
    GIT_LFS_SKIP_SMUDGE: '1',
  };
  return execFileSync('git', ['-c', 'protocol.file.allow=always', ...args], { cwd, env, stdio: 'pipe' }).toString();
}

/** Makes the index file a minute younger than all files, so that none is racy; git writes it at the end anyway. */
export function ageIndex(worktree: string): void {
  const later = Date.now() / 1000 + 60;
  utimesSync(join(worktree, '.git/index'), later, later);
}
