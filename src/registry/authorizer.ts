import { VarveError } from '../errors.ts';
import type { RetryPolicy } from '../io/retry.ts';
import { type Challenge, chooseChallenge, parseChallenges } from './challenge.ts';
import type { Credential, CredentialSource } from './credential-source.ts';
import type { Endpoint } from './endpoint.ts';
import type { RepositoryName } from './registry-client.ts';
import { mergeScopes, type Scope } from './scope.ts';
import { basicAuthorization, fetchToken, type Token } from './token.ts';
import type { TransportContext } from './transport-context.ts';
import { untilAbort } from './until-abort.ts';

/** What a request needs to be allowed to do. */
export interface Need {
  readonly endpoint: Endpoint;
  readonly repository: RepositoryName;
  readonly scopes: readonly Scope[];
  readonly signal?: AbortSignal | undefined;
}

export interface Authorizer {
  /** The Authorization header to send at once; undefined while the registry has not asked for one. */
  authorization(need: Need): Promise<string | undefined>;
  /**
   * Takes the WWW-Authenticate header of a 401.
   * @returns the header to try next; undefined when there is nothing that was not tried yet
   */
  renew(need: Need, challengeHeader: string, refused: string | undefined): Promise<string | undefined>;
}

/** Remembers how each registry wants to be asked, tokens for each (registry, repository's credential, scopes). */
export function createAuthorizer(
  credentials: CredentialSource,
  context: TransportContext,
  policy: RetryPolicy,
): Authorizer {
  const challenges = new Map<string, Challenge>();
  const headers = new Map<string, Promise<{ readonly value: string | undefined; readonly expires: number }>>();

  const keyOf = ({ repository }: Need, scopes: readonly Scope[]): string =>
    [repository.registry, repository.repository, ...scopes].join(' ');

  function header(need: Need, challenge: Challenge, scopes: readonly Scope[]): Promise<string | undefined> {
    const key = keyOf(need, challenge.scheme === 'bearer' ? scopes : []);
    const known = headers.get(key);
    if (known) {
      return known.then(({ value, expires }) => {
        if (expires > context.clock.now()) return value;
        if (headers.get(key) === known) headers.delete(key);
        return header(need, challenge, scopes);
      });
    }
    // Others may wait for the same header, so an abort of the request that asks first must not end the asking.
    const made = make(need, challenge, scopes);
    headers.set(key, made);
    made.catch(() => {
      if (headers.get(key) === made) headers.delete(key);
    });
    return made.then(({ value }) => value);
  }

  async function make({ endpoint, repository }: Need, challenge: Challenge, scopes: readonly Scope[]) {
    const credential = await credentials.credential(repository);
    if (credential) hide(credential);
    const forever = Number.POSITIVE_INFINITY;
    if (credential?.kind === 'registry-token') return { value: `Bearer ${credential.token}`, expires: forever };
    if (challenge.scheme === 'basic') {
      if (credential?.kind === 'identity-token') {
        throw new VarveError(
          'REGISTRY_AUTH',
          `${repository.registry} asks for user and password, but its entry in config.json has an identity token only`,
        );
      }
      const value = credential && basicAuthorization(credential.username, credential.password);
      if (value) context.redactor.hide(value.slice('Basic '.length));
      return { value, expires: value ? forever : 0 };
    }
    const token: Token = await fetchToken({ endpoint, challenge, scopes, credential }, context, policy);
    return { value: `Bearer ${token.value}`, expires: token.expires };
  }

  function hide(credential: Credential): void {
    context.redactor.hide(credential.kind === 'password' ? credential.password : credential.token);
    if (credential.kind !== 'password') return;
    context.redactor.hide(basicAuthorization(credential.username, credential.password).slice('Basic '.length));
  }

  return {
    async authorization(need) {
      const challenge = challenges.get(need.repository.registry);
      return challenge && (await untilAbort(header(need, challenge, mergeScopes(need.scopes)), need.signal));
    },
    async renew(need, challengeHeader, refused) {
      const challenge = chooseChallenge(parseChallenges(challengeHeader));
      if (!challenge) return undefined;
      challenges.set(need.repository.registry, challenge);
      const asked = challenge.parameters.scope?.split(' ') ?? [];
      const scopes = mergeScopes([...need.scopes, ...asked]);
      for (const each of [mergeScopes(need.scopes), scopes, []]) {
        if (refused === undefined) break;
        const key = keyOf(need, each);
        const pending = headers.get(key)?.catch(() => undefined);
        const known = pending && (await untilAbort(pending, need.signal));
        if (known?.value === refused) headers.delete(key);
      }
      const next = await untilAbort(header(need, challenge, scopes), need.signal);
      // A registry that wants more than we thought gets it at once next time.
      const wide = challenge.scheme === 'bearer' ? headers.get(keyOf(need, scopes)) : undefined;
      if (wide) headers.set(keyOf(need, mergeScopes(need.scopes)), wide);
      return next === refused ? undefined : next;
    },
  };
}
