import { lstatSync } from 'node:fs';
import { join, posix } from 'node:path';
import { VarveError } from '../errors.ts';
import { toFsPath } from '../io/byte-path.ts';
import type { Git } from './git-command.ts';
import { shownAddress } from './git-reference.ts';
import { parseGitUrl } from './git-url.ts';

/** A repository that another one has at a path, at a commit. */
export interface Submodule {
  /** A byte string, relative to the repository's root. */
  readonly path: string;
  readonly commit: string;
  readonly address: string;
}

/**
 * The submodules of a checkout. A path with a commit and without a line in .gitmodules stays an empty directory, and so
 * does one with `update = none`, as with `git submodule update`.
 * @param address where the repository itself came from: relative addresses start there
 * @throws VarveError `GIT_SUBMODULE` for an address that is none of http, https, ssh and git
 */
export async function listSubmodules(
  git: Git,
  { gitDir, workTree, address }: { readonly gitDir: string; readonly workTree: string; readonly address: string },
): Promise<Submodule[]> {
  const file = join(workTree, '.gitmodules');
  if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) return [];
  const commits = gitLinks(await git.run(['ls-files', '--stage', '-z'], { gitDir, workTree }));
  const listing = await git.run(['config', '--file', file, '--null', '--list'], { gitDir });
  const submodules: Submodule[] = [];
  for (const { path, url, update } of readSections(listing)) {
    const commit = path === undefined ? undefined : commits.get(path);
    if (path === undefined || url === undefined || commit === undefined || update === 'none') continue;
    submodules.push({ path, commit, address: resolveAddress(url, address) });
  }
  return submodules;
}

/** Whether a directory of a checkout is there by no symlink. */
export function isPlainDirectory(workTree: string, path: string): boolean {
  const parts = path.split('/');
  return parts.every((part, i) => {
    if (part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git') return false;
    const at = Buffer.concat([Buffer.from(`${workTree}/`), toFsPath(parts.slice(0, i + 1).join('/'))]);
    return lstatSync(at, { throwIfNoEntry: false })?.isDirectory() ?? false;
  });
}

/** `160000 <commit> 0\t<path>` lines. */
function gitLinks(listing: string): Map<string, string> {
  const links = new Map<string, string>();
  for (const row of listing.split('\0')) {
    const [, commit, path] = /^160000 ([a-f0-9]+) 0\t(.*)$/s.exec(row) ?? [];
    if (commit !== undefined && path !== undefined) links.set(path, commit);
  }
  return links;
}

function readSections(listing: string): { path?: string; url?: string; update?: string }[] {
  const sections = new Map<string, { path?: string; url?: string; update?: string }>();
  for (const row of listing.split('\0')) {
    const [, name, key, value] = /^submodule\.(.*)\.(path|url|update)\n(.*)$/s.exec(row) ?? [];
    if (name === undefined || key === undefined || value === undefined) continue;
    const section = sections.get(name) ?? {};
    section[key as 'path' | 'url' | 'update'] = value;
    sections.set(name, section);
  }
  return [...sections.values()];
}

/** An address of .gitmodules; `./` and `../` start at the repository's own. */
function resolveAddress(url: string, parent: string): string {
  const full = /^\.\.?\//.test(url) ? relativeTo(parent, url) : url;
  if (typeof parseGitUrl(full) === 'object') return full;
  throw new VarveError('GIT_SUBMODULE', `a submodule of ${shownAddress(parent)} is at ${JSON.stringify(full)}`, {
    hint: 'submodules are fetched by http, https, ssh and git; leave them out with ?submodules=false',
  });
}

function relativeTo(parent: string, url: string): string {
  const [, head = '', path = ''] = /^([a-z]+:\/\/[^/]*\/|[^:]*:)(.*)$/is.exec(parent) ?? [];
  const joined = posix.join('/', path, url).replace(/\/$/, '');
  return head + (path.startsWith('/') ? joined : joined.slice(1));
}
