import { gitAuth, type ReadSecret } from './git-auth.ts';
import type { GitSetting } from './git-command.ts';
import type { GitRemote } from './git-mirror.ts';
import { parseGitUrl } from './git-url.ts';

/** What a build was given to show itself with. */
export interface GitIdentity {
  readonly secret: ReadSecret;
  /** The socket of the agent for addresses of ssh, as `--ssh default` says; undefined when it says nothing. */
  sshAgent(): Promise<string | undefined>;
}

/**
 * A remote with what a build's secrets say for its host, or its ssh agent, as BuildKit has it.
 * @param named whether the user named this address
 */
export function gitRemote(
  address: string,
  named: boolean,
  { secret, sshAgent }: GitIdentity,
  { skipTlsVerify }: { readonly skipTlsVerify?: boolean } = {},
): GitRemote {
  const find = async () => {
    const url = parseGitUrl(address);
    const isSsh = typeof url === 'object' && url.scheme === 'ssh';
    const agent = isSsh ? await sshAgent() : undefined;
    return {
      settings: [
        ...(await gitAuth(address, named, secret)),
        ...(skipTlsVerify ? [['http.sslVerify', 'false'] satisfies GitSetting] : []),
      ],
      env: agent === undefined ? {} : { SSH_AUTH_SOCK: agent },
    };
  };
  let access: ReturnType<typeof find> | undefined;
  return { address, access: () => (access ??= find()) };
}
