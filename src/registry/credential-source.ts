import type { RepositoryName } from './registry-client.ts';

export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, which the token endpoint exchanges. */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** A bearer token that is sent to the registry as it is. */
  | { readonly kind: 'registry-token'; readonly token: string };

/** Who we are at a registry. Asked again whenever a registry refuses what it was given, so rotating secrets work. */
export interface CredentialSource {
  /** Undefined: anonymous. */
  credential(repository: RepositoryName, signal?: AbortSignal): Promise<Credential | undefined>;
}

export const anonymous: CredentialSource = { credential: async () => undefined };

/** The first source that has something; the order is docs/registry.md's. */
export function chainCredentials(sources: readonly CredentialSource[]): CredentialSource {
  return {
    async credential(repository, signal) {
      for (const source of sources) {
        const found = await source.credential(repository, signal);
        if (found) return found;
      }
      return undefined;
    },
  };
}
