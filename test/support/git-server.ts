import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Repositories on this machine, served by git's own HTTP program. */
export interface GitServer extends AsyncDisposable {
  readonly url: string;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly directory: string;
  /** What was asked: method and path with its query. */
  readonly requests: string[];
  /** Speak the first protocol only, which gives nothing but what a ref leads to. */
  old: boolean;
  /** `Authorization` headers that came. */
  readonly authorizations: (string | undefined)[];
}

/** @param allow says whether a request may be answered, by its Authorization header */
export async function startGitServer(allow: (authorization?: string) => boolean = () => true): Promise<GitServer> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-git-'));
  const served: GitServer = {
    url: '',
    host: '',
    directory,
    requests: [],
    old: false,
    authorizations: [],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  const server = createServer((request, response) => {
    served.requests.push(`${request.method} ${request.url}`);
    served.authorizations.push(request.headers.authorization);
    if (served.old) delete request.headers['git-protocol'];
    if (allow(request.headers.authorization)) answer(directory, request, response);
    else response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(served, { url: `http://${host}`, host });
  return served;
}

function answer(root: string, request: IncomingMessage, response: ServerResponse): void {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const child = spawn('git', ['http-backend'], {
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => {});
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf('\r\n\r\n');
    let status = 200;
    for (const line of all.subarray(0, end).toString('latin1').split('\r\n')) {
      const [name = '', value = ''] = line.split(/: (.*)/s);
      if (name === 'Status') status = Number.parseInt(value, 10);
      else if (name) response.setHeader(name, value);
    }
    response.writeHead(status).end(all.subarray(end + 4));
  });
}

/** Files by path; a value starting with `->` is a symlink's target, and `!` makes a file executable. */
export type GitFiles = Readonly<Record<string, string>>;

export interface GitRepository {
  readonly path: string;
  git(...args: string[]): string;
  /** @returns the commit's id */
  commit(files: GitFiles, seconds?: number): string;
  /** Adds another repository at a path, under an address, and commits. */
  addSubmodule(at: string, from: GitRepository, url: string): string;
}

/** A new repository with the branch `main`, which servers find as `NAME` (give it `.git`). */
export function makeGitRepository(directory: string, name: string): GitRepository {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  let time = 1_600_000_000;
  const git = (...args: string[]): string =>
    execFileSync(
      'git',
      ['-c', 'protocol.file.allow=always', '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args],
      {
        cwd: path,
        encoding: 'utf8',
        env: {
          PATH: process.env.PATH,
          HOME: '/dev/null',
          GIT_CONFIG_NOSYSTEM: '1',
          GIT_AUTHOR_DATE: `${time} +0000`,
          GIT_COMMITTER_DATE: `${time} +0000`,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    ).trim();
  if (!existsSync(join(path, '.git'))) git('init', '--quiet', '--initial-branch=main');
  const commit: GitRepository['commit'] = (files, seconds = time + 1) => {
    time = seconds;
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      if (content.startsWith('->')) symlinkSync(content.slice(2), join(path, file));
      else
        writeFileSync(join(path, file), content.replace(/^!/, ''), { mode: content.startsWith('!') ? 0o755 : 0o644 });
    }
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '--message', 'a commit');
    return git('rev-parse', 'HEAD');
  };
  return {
    path,
    git,
    commit,
    addSubmodule(at, from, url) {
      // From its directory: the server that has the address may be in this very process.
      git('submodule', 'add', '--quiet', '--name', at, from.path, at);
      git('config', '--file', '.gitmodules', `submodule.${at}.url`, url);
      return commit({});
    },
  };
}
