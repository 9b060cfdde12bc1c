/** What a request is for: a registry may be reached in another way for each. */
export type Use = 'pull' | 'push';

/** How registries are reached, beyond HTTPS with the usual authorities. Hosts are written with or without port. */
export interface RegistryAccess {
  /** Hosts that may speak HTTP and whose certificate is not checked. */
  readonly insecureRegistries: readonly string[];
  /** The same for pushes only. */
  readonly insecurePushes?: readonly string[];
  /** For what every registry may speak HTTP. */
  readonly plainHttp?: readonly Use[];
  /** For what no registry's certificate is checked. */
  readonly skipTlsVerify?: readonly Use[];
  /** Hosts whose certificate is not checked. */
  readonly skipTlsVerifyRegistries?: readonly string[];
  /** By host, a PEM file of authorities that are trusted too. */
  readonly certificates?: ReadonlyMap<string, string>;
  /** By host, PEM files of the certificate that says who we are, and its key. */
  readonly clientCertificates?: ReadonlyMap<string, ClientCertificateFiles>;
  /** As docker's /etc/docker/certs.d: each with a directory of `*.crt`, `*.cert` and `*.key` for HOST or HOST:PORT. */
  readonly certificateDirectories?: readonly string[];
  /** PEM files, and directories of such, of authorities that are trusted for all hosts, besides those that Node has. */
  readonly authorities?: readonly string[];
  /** How often a request that may succeed later is tried again; four times when absent. */
  readonly retries?: number;
}

export interface ClientCertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Whether what the user wrote means the registry: an entry without a port stands for all ports of its host. */
export function isHostEntry(entry: string, registry: string): boolean {
  const named = entry.toLowerCase();
  const wanted = named === 'index.docker.io' ? 'docker.io' : named;
  return wanted === registry.toLowerCase() || wanted === hostOf(registry);
}

/** Whether the registry may speak HTTP, and its certificate is not checked. */
export function isInsecure(access: RegistryAccess, registry: string, use: Use): boolean {
  const entries = [...access.insecureRegistries, ...(use === 'push' ? (access.insecurePushes ?? []) : [])];
  return entries.some((entry) => isHostEntry(entry, registry));
}

/** The host in lower case, without its port. */
export function hostOf(registry: string): string {
  return registry.replace(/:\d+$/, '').toLowerCase();
}
