import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VarveError } from '../errors.ts';
import type { TlsSettings } from '../io/http-agent.ts';
import { readAuthorities } from '../io/read-authorities.ts';
import { isHostEntry, isInsecure, type RegistryAccess, type Use } from './registry-access.ts';

/**
 * Reads what is said of a registry: flags first, then the directories in the way of docker's certs.d.
 * @returns the settings, and whether the user said something of this host
 * @throws VarveError `REGISTRY_TLS` for a file that cannot be read or a certificate without its key
 * @see https://docs.docker.com/engine/security/certificates/
 */
export async function tlsSettings(
  registry: string,
  use: Use,
  access: RegistryAccess,
): Promise<{ readonly tls: TlsSettings; readonly isOwn: boolean }> {
  const isSkipped = (access.skipTlsVerifyRegistries ?? []).some((entry) => isHostEntry(entry, registry));
  const files = await directoryFiles(access.certificateDirectories ?? [], registry);
  const named = [...(access.certificates ?? [])]
    .filter(([host]) => isHostEntry(host, registry))
    .map(([, path]) => path);
  const ownFiles = [...named, ...files.ca];
  const clientFiles =
    [...(access.clientCertificates ?? [])].find(([host]) => isHostEntry(host, registry))?.[1] ?? files.client;
  const isChecked = !(isSkipped || isInsecure(access, registry, use) || access.skipTlsVerify?.includes(use));
  const common = isChecked ? readCommon(access.authorities ?? []) : [];
  const ca = [...common, ...(await Promise.all(ownFiles.map(readPem)))];
  const client = clientFiles && { cert: await readPem(clientFiles.cert), key: await readPem(clientFiles.key) };
  return {
    tls: {
      rejectUnauthorized: isChecked,
      ...(ca.length ? { ca } : {}),
      ...(client ? { client } : {}),
    },
    isOwn: isSkipped || ownFiles.length > 0 || client !== undefined,
  };
}

async function directoryFiles(directories: readonly string[], registry: string) {
  const ca: string[] = [];
  let client: { readonly cert: string; readonly key: string } | undefined;
  for (const directory of directories) {
    const path = join(directory, registry);
    const names = await readdir(path).catch((error: NodeJS.ErrnoException): string[] => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
      throw unreadable(path, error);
    });
    ca.push(...names.filter((name) => name.endsWith('.crt')).map((name) => join(path, name)));
    const cert = names.find((name) => name.endsWith('.cert'));
    if (client || !cert) continue;
    const key = `${cert.slice(0, -'.cert'.length)}.key`;
    if (!names.includes(key)) throw new VarveError('REGISTRY_TLS', `${join(path, cert)} has no key: ${key} is missing`);
    client = { cert: join(path, cert), key: join(path, key) };
  }
  return { ca, client };
}

function readCommon(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    try {
      return readAuthorities([path]);
    } catch (error) {
      throw unreadable(path, error as NodeJS.ErrnoException);
    }
  });
}

async function readPem(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error);
  });
  if (!text.includes('-----BEGIN ')) throw new VarveError('REGISTRY_TLS', `${path} is not a PEM file`);
  return text;
}

function unreadable(path: string, error: NodeJS.ErrnoException): VarveError {
  return new VarveError('REGISTRY_TLS', `${path} cannot be read: ${error.code}`, { cause: error });
}
