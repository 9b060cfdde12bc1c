// node bench/npm-history.ts PACKAGE VERSIONS DIR: makes a git repository of a package's last published versions, with a
// Dockerfile. Each version is up to three commits, as its authors would have made them: code, documents, package.json.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryDirectory } from '../scripts/temporary-directory.ts';

const DOCKERFILE = `ARG BASE=docker.io/library/node:22-slim
FROM \${BASE}
WORKDIR /app
COPY package.json ./
RUN npm install --omit=dev --ignore-scripts --no-audit --no-fund
COPY . .
RUN node -e "require('./')"
CMD ["node", "-e", "require('./')"]
`;

const PARTS = [
  { subject: 'code', paths: ['.', ':!package.json', ':!*.md'] },
  { subject: 'documents', paths: ['*.md'] },
  { subject: 'package.json', paths: ['package.json'] },
] as const;

/** A commit of each version and part is made at a time that only depends on its place. */
function makeRepository(name: string, count: number, repo: string): void {
  const versions = (JSON.parse(run('npm', 'view', name, 'versions', '--json')) as string[]).filter(
    (version) => !version.includes('-'),
  );
  mkdirSync(repo, { recursive: true });
  let time = 1_700_000_000;
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', repo, '-c', 'user.name=bench', '-c', 'user.email=bench@example.com', ...args], {
      encoding: 'utf8',
      env: { ...process.env, GIT_AUTHOR_DATE: `${time} +0000`, GIT_COMMITTER_DATE: `${time} +0000` },
    });
  git('init', '--quiet', '-b', 'main');
  writeFileSync(join(repo, 'Dockerfile'), DOCKERFILE);
  for (const version of versions.slice(-count)) {
    using temp = temporaryDirectory('npm-history');
    const archive = run('npm', 'pack', '--silent', '--pack-destination', temp.path, `${name}@${version}`).trim();
    run('tar', '--warning=no-unknown-keyword', '-xzf', join(temp.path, archive), '-C', temp.path);
    for (const old of readdirSync(repo))
      if (old !== '.git' && old !== 'Dockerfile') rmSync(join(repo, old), { recursive: true });
    cpSync(join(temp.path, 'package'), repo, { recursive: true });
    for (const { subject, paths } of PARTS) {
      git('add', '--all', '--', ...paths.filter((path) => path.startsWith(':') || hasAny(git, path)));
      if (git('diff', '--cached', '--name-only') === '') continue;
      git('commit', '--quiet', '-m', `${version}: ${subject}`);
      time += 3600;
    }
  }
}

/** git refuses a pattern that matches nothing. */
function hasAny(git: (...args: string[]) => string, path: string): boolean {
  return git('ls-files', '--cached', '--others', '--deleted', '--', path) !== '';
}

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

const [name, count, directory] = process.argv.slice(2);
if (name === undefined || directory === undefined || !/^[1-9]\d*$/.test(count ?? '')) {
  console.error('usage: node bench/npm-history.ts PACKAGE VERSIONS DIR');
  process.exit(2);
}
makeRepository(name, Number(count), resolve(directory));
