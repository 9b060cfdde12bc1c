import { existsSync } from 'node:fs';
import type { Environment } from '../registry/cloud-request.ts';
import { credentialFiles } from './registry-credentials.ts';

/** Variables that give credentials, as docs/registry.md has them. */
const VARIABLES =
  /^(DOCKER_AUTH_CONFIG|(VARVE|KANIKO)_.+_(USER|PASSWORD)|CI_REGISTRY_(USER|PASSWORD)|GIT_(TOKEN|PASSWORD))$/;

/** Where credentials may be found here: names of files that exist and of variables, never what is in them. */
export function credentialPlaces(env: Environment): string[] {
  const variables = Object.keys(env).filter((name) => VARIABLES.test(name));
  return [...credentialFiles(env).filter((path) => existsSync(path)), ...variables.sort().map((name) => `$${name}`)];
}
