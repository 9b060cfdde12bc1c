import type { Environment } from './cloud-request.ts';
import type { CredentialSource } from './credential-source.ts';

/**
 * User and password for a registry in `<prefix>_<HOST>_USER` and `<prefix>_<HOST>_PASSWORD`. HOST is the registry's
 * name in upper case with `_` for what no variable's name may have: `REGISTRY_EXAMPLE_COM_5000`. When there is nothing,
 * the labels on the left are dropped one by one, as kaniko does: `EXAMPLE_COM_5000` stands for the whole domain.
 */
export function variableCredentials(prefix: 'VARVE' | 'KANIKO', env: Environment): CredentialSource {
  return {
    async credential({ registry }) {
      const labels = registry.split('.');
      for (const i of labels.keys()) {
        const name = `${prefix}_${labels
          .slice(i)
          .join('_')
          .toUpperCase()
          .replace(/[^A-Z0-9]/g, '_')}`;
        const [username, password] = [env[`${name}_USER`], env[`${name}_PASSWORD`]];
        if (username && password !== undefined) return { kind: 'password', username, password };
      }
      return undefined;
    },
  };
}
