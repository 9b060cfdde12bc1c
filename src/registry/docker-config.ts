import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { VarveError } from '../errors.ts';
import { type BytePath, toFsPath, toText } from '../io/byte-path.ts';
import type { Credential } from './credential-source.ts';

const authSchema = z.looseObject({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});
export type AuthEntry = z.infer<typeof authSchema>;

/** @see https://docs.docker.com/reference/cli/docker/#docker-cli-configuration-file-configjson-properties */
const dockerConfigSchema = z.looseObject({
  auths: z.record(z.string(), authSchema).nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: z.string().nullish(),
});
export type DockerConfig = z.infer<typeof dockerConfigSchema>;

/** A configuration that is looked into for credentials; undefined where there is none. */
export interface ConfigSource {
  /** For messages. */
  readonly name: string;
  read(): Promise<DockerConfig | undefined>;
}

/** @throws VarveError `REGISTRY_CREDENTIALS` from read(), which never shows what the file holds */
export function configFile(path: BytePath): ConfigSource {
  const name = toText(path);
  return {
    name,
    async read() {
      const text = await readConfigText(path);
      return text === undefined ? undefined : parseDockerConfig(text, name);
    },
  };
}

/** A configuration that is in a variable; `name` is the variable's. */
export function configText(name: string, text: string): ConfigSource {
  return { name, read: async () => parseDockerConfig(text, name) };
}

/** The text of a config.json; undefined when there is none. @throws VarveError `REGISTRY_CREDENTIALS` */
export async function readConfigText(path: BytePath): Promise<string | undefined> {
  try {
    return await readFile(toFsPath(path), 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new VarveError('REGISTRY_CREDENTIALS', `${toText(path)} cannot be read: ${message}`, { cause: error });
  }
}

/** @throws VarveError `REGISTRY_CREDENTIALS`, which never shows the text */
export function parseDockerConfig(text: string, name: string): DockerConfig {
  if (text.trim() === '') return {};
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw new VarveError('REGISTRY_CREDENTIALS', `${name} is not JSON`);
  }
  const parsed = dockerConfigSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map(({ path: keys, message }) => `${keys.join('.')}: ${message}`).join('; ');
  throw new VarveError('REGISTRY_CREDENTIALS', `${name} is not a docker configuration: ${where}`);
}

/** `https://index.docker.io/v1/` → `docker.io`; `https://host:5000/v2/` → `host:5000`; `host/org` stays. */
export function normalizeAuthKey(key: string): string {
  const bare = key
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/\/+$/, '')
    .replace(/\/v[12]$/, '');
  const slash = bare.indexOf('/');
  const host = (slash < 0 ? bare : bare.slice(0, slash)).toLowerCase();
  const path = slash < 0 ? '' : bare.slice(slash);
  return `${host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host}${path}`;
}

/** The key that docker writes for a registry, and hands to a helper: Docker Hub's is a URL. */
export function serverKey(registry: string): string {
  return normalizeAuthKey(registry) === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
}

/** What an entry of `auths` holds; undefined when it is empty, as docker leaves it beside a credential store. */
export function credentialOf(entry: AuthEntry, where: string): Credential | undefined {
  if (entry.identitytoken) return { kind: 'identity-token', token: entry.identitytoken };
  if (entry.registrytoken) return { kind: 'registry-token', token: entry.registrytoken };
  if (entry.auth) {
    const text = Buffer.from(entry.auth, 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = text.indexOf(':');
    if (colon <= 0) throw new VarveError('REGISTRY_CREDENTIALS', `${where}: auth is not base64 of user:password`);
    return { kind: 'password', username: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  if (entry.username && entry.password !== undefined) {
    return { kind: 'password', username: entry.username, password: entry.password };
  }
  return undefined;
}
