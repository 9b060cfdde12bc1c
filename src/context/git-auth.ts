import type { GitSetting } from './git-command.ts';

/** Reads a build's secret by its id; undefined without one. */
export type ReadSecret = (id: string) => Promise<Buffer | undefined>;

const HEADER = 'GIT_AUTH_HEADER';
const TOKEN = 'GIT_AUTH_TOKEN';

/**
 * How git shows itself to the host of an http(s) address: by the secret `GIT_AUTH_HEADER` (the value of Authorization) or
 * `GIT_AUTH_TOKEN`; one with `.HOST` behind its name goes before. The header goes to that host only.
 * @param named whether the user named this address. A submodule's host was named by the repository: it gets nothing but
 *   what was given for it by name.
 * @see moby/buildkit source/git/source.go getAuthToken
 */
export async function gitAuth(address: string, named: boolean, secret: ReadSecret): Promise<GitSetting[]> {
  const origin = /^(https?:\/\/)(?:[^/?#]*@)?([^/?#]+)/i.exec(address);
  if (!origin) return [];
  const [, scheme = '', host = ''] = origin;
  const names = [`${HEADER}.${host}`, `${TOKEN}.${host}`, ...(named ? [HEADER, TOKEN] : [])];
  for (const name of names) {
    const value = (await secret(name))?.toString('utf8').replace(/[\r\n]+$/, '');
    if (!value) continue;
    const header = name.startsWith(TOKEN)
      ? `basic ${Buffer.from(`x-access-token:${value}`).toString('base64')}`
      : value;
    return [[`http.${scheme}${host}/.extraheader`, `Authorization: ${header}`]];
  }
  return [];
}
