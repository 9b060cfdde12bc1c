import { homedir } from 'node:os';
import { join } from 'node:path';
import { fromText } from '../io/byte-path.ts';
import { cloudCredentials } from '../registry/cloud-credentials.ts';
import type { CloudContext, Environment } from '../registry/cloud-request.ts';
import { createHelperRunner } from '../registry/credential-helper.ts';
import { type CredentialSource, chainCredentials } from '../registry/credential-source.ts';
import { configCredentials } from '../registry/credentials.ts';
import { configFile, configText } from '../registry/docker-config.ts';
import { gitlabCredentials } from '../registry/gitlab-credentials.ts';
import { variableCredentials } from '../registry/variable-credentials.ts';

/** Docker's configuration, which login writes. */
export function dockerConfigPath(env: Environment): string {
  return join(env.DOCKER_CONFIG || join(homedir(), '.docker'), 'config.json');
}

/** Files with credentials, in order, whether they are there or not. */
export function credentialFiles(env: Environment): string[] {
  const runtime = env.XDG_RUNTIME_DIR || (process.getuid ? `/run/containers/${process.getuid()}` : undefined);
  const podman = [
    ...(runtime ? [join(runtime, ...(env.XDG_RUNTIME_DIR ? ['containers'] : []), 'auth.json')] : []),
    join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'containers/auth.json'),
  ];
  return [...(env.REGISTRY_AUTH_FILE ? [env.REGISTRY_AUTH_FILE] : []), dockerConfigPath(env), ...podman];
}

/** All places where credentials may be, in the order of docs/registry.md. */
export function registryCredentials(env: Environment, deps: Omit<CloudContext, 'env'>): CredentialSource {
  const { log } = deps;
  return chainCredentials([
    variableCredentials('VARVE', env),
    configCredentials({
      configs: [
        ...(env.DOCKER_AUTH_CONFIG ? [configText('DOCKER_AUTH_CONFIG', env.DOCKER_AUTH_CONFIG)] : []),
        ...credentialFiles(env).map((path) => configFile(fromText(path))),
      ],
      runHelper: createHelperRunner({ env }),
      log,
    }),
    variableCredentials('KANIKO', env),
    gitlabCredentials(env),
    cloudCredentials({ env, ...deps }),
  ]);
}
