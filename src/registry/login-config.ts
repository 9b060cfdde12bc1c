import { mkdir, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { VarveError } from '../errors.ts';
import { besideOf, replaceFile } from '../io/atomic-file.ts';
import { fromText } from '../io/byte-path.ts';
import type { HelperStore } from './credential-helper.ts';
import { type DockerConfig, normalizeAuthKey, parseDockerConfig, readConfigText, serverKey } from './docker-config.ts';

export interface LoginConfig {
  /** Keeps a login: in the helper that the file names for the registry, else in the file. */
  login(registry: string, username: string, password: string): Promise<LoginPlace>;
  /** Forgets it. @returns whether there was something in the file */
  logout(registry: string): Promise<boolean>;
}

/** The helper's name, or that the file holds the password. */
export type LoginPlace = { readonly helper: string } | { readonly file: string };

/** Only the owner may read passwords. */
const MODE = 0o600;
const objectSchema = z.record(z.string(), z.unknown());

/**
 * Docker's config.json as login and logout change it: all that is not theirs stays as it is, and a reader sees the old file
 * or the new one.
 * @param path the file, which may be missing, as may its directory
 * @throws VarveError `REGISTRY_CREDENTIALS`
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
export function createLoginConfig(path: string, helpers: HelperStore): LoginConfig {
  const read = async (): Promise<{ raw: Record<string, unknown>; config: DockerConfig }> => {
    const text = (await readConfigText(fromText(path))) ?? '';
    const config = parseDockerConfig(text, path);
    return { raw: text.trim() === '' ? {} : objectSchema.parse(JSON.parse(text)), config };
  };

  const write = async (raw: Record<string, unknown>): Promise<void> => {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // A file that is linked to from here stays where it is.
      const real = await realpath(path).catch(() => path);
      await replaceFile(real, `${JSON.stringify(raw, null, '\t')}\n`, besideOf(real), MODE);
    } catch (error) {
      const { message } = error as Error;
      throw new VarveError('REGISTRY_CREDENTIALS', `${path} cannot be written: ${message}`, { cause: error });
    }
  };

  const asked = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      throw new VarveError('REGISTRY_CREDENTIALS', (error as Error).message, {
        hint: `${path} names this helper: install it, or take credsStore or credHelpers out of the file`,
      });
    }
  };

  return {
    async login(registry, username, password) {
      const { raw, config } = await read();
      const server = serverKey(registry);
      const helper = helperFor(config, registry);
      if (helper) await asked(helpers.store(helper, server, username, password));
      const auth = Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
      await write({ ...raw, auths: { ...without(raw.auths, registry), [server]: helper ? {} : { auth } } });
      return helper ? { helper } : { file: path };
    },
    async logout(registry) {
      const { raw, config } = await read();
      const helper = helperFor(config, registry);
      if (helper) await asked(helpers.erase(helper, serverKey(registry)));
      const auths = without(raw.auths, registry);
      const isKnown = Object.keys(auths).length < Object.keys(config.auths ?? {}).length;
      if (isKnown) await write({ ...raw, auths });
      return isKnown || helper !== undefined;
    },
  };
}

function helperFor({ credHelpers, credsStore }: DockerConfig, registry: string): string | undefined {
  const own = Object.entries(credHelpers ?? {}).find(([key]) => isFor(key, registry))?.[1];
  return own || credsStore || undefined;
}

/** Entries of the registry under any spelling; those of its namespaces stay. */
function without(auths: unknown, registry: string): Record<string, unknown> {
  const entries = Object.entries(objectSchema.safeParse(auths).data ?? {});
  return Object.fromEntries(entries.filter(([key]) => !isFor(key, registry)));
}

function isFor(key: string, registry: string): boolean {
  return normalizeAuthKey(key) === normalizeAuthKey(registry);
}
