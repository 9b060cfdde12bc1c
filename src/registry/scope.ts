import type { Use } from './registry-access.ts';
import type { RepositoryName } from './registry-client.ts';

/** `repository:library/debian:pull` @see https://distribution.github.io/distribution/spec/auth/scope/ */
export type Scope = string;

export function pullScope({ repository }: Pick<RepositoryName, 'repository'>): Scope {
  return `repository:${repository}:pull`;
}

export function pushScope({ repository }: Pick<RepositoryName, 'repository'>): Scope {
  return `repository:${repository}:pull,push`;
}

/** What a request with these scopes is for. */
export function useOf(scopes: readonly Scope[]): Use {
  return scopes.some((scope) => /[:,]push(,|$)/.test(scope)) ? 'push' : 'pull';
}

/** One scope for each resource, with all its actions; sorted, so that equal needs have equal texts. */
export function mergeScopes(scopes: readonly Scope[]): Scope[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of scopes) {
    const colon = scope.lastIndexOf(':');
    if (colon <= 0) continue;
    const resource = scope.slice(0, colon);
    const known = actions.get(resource) ?? new Set();
    for (const action of scope.slice(colon + 1).split(',')) if (action) known.add(action);
    actions.set(resource, known);
  }
  return [...actions].map(([resource, set]) => `${resource}:${[...set].sort().join(',')}`).sort();
}
