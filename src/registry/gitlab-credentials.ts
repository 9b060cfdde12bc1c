import type { Environment } from './cloud-request.ts';
import type { CredentialSource } from './credential-source.ts';

/** The user that goes with a job's token. @see https://docs.gitlab.com/ci/jobs/ci_job_token/ */
const JOB_TOKEN_USER = 'gitlab-ci-token';

/**
 * What GitLab gives to every job for its own registry and its dependency proxy.
 * @see https://docs.gitlab.com/ci/variables/predefined_variables/
 */
export function gitlabCredentials(env: Environment): CredentialSource {
  const jobToken = env.CI_JOB_TOKEN ? { username: JOB_TOKEN_USER, password: env.CI_JOB_TOKEN } : undefined;
  const given = (username: string | undefined, password: string | undefined) =>
    username && password ? { username, password } : jobToken;
  const known = [
    { server: env.CI_REGISTRY, login: given(env.CI_REGISTRY_USER, env.CI_REGISTRY_PASSWORD) },
    {
      server: env.CI_DEPENDENCY_PROXY_SERVER,
      login: given(env.CI_DEPENDENCY_PROXY_USER, env.CI_DEPENDENCY_PROXY_PASSWORD),
    },
  ];
  return {
    async credential({ registry }) {
      const login = known.find(({ server }) => server && hostOf(server) === hostOf(registry))?.login;
      return login && { kind: 'password', ...login };
    },
  };
}

/** GitLab names the dependency proxy with the port that https has anyway. */
function hostOf(server: string): string {
  return server
    .replace(/^https?:\/\//i, '')
    .replace(/\/.*$/, '')
    .replace(/:443$/, '')
    .toLowerCase();
}
