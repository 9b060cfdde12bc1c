import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { VarveError } from '../errors.ts';
import type { Environment } from '../registry/cloud-request.ts';
import { normalizeAuthKey } from '../registry/docker-config.ts';
import type { RegistryMap } from '../registry/mirrored-client.ts';
import type { ClientCertificateFiles, RegistryAccess, Use } from '../registry/registry-access.ts';
import { repeated } from './repeated.ts';

/** How registries are reached: kaniko's names. */
export interface RegistryFlags {
  readonly insecure?: boolean;
  readonly insecurePull?: boolean;
  readonly insecureRegistry: readonly string[];
  readonly skipTlsVerify?: boolean;
  readonly skipTlsVerifyPull?: boolean;
  readonly skipTlsVerifyRegistry: readonly string[];
  readonly registryCertificate: readonly string[];
  readonly registryClientCert: readonly string[];
  readonly retries?: number;
}

/** Where images are looked for first. */
export interface MirrorFlags {
  readonly registryMirror: readonly string[];
  readonly registryMap: readonly string[];
  readonly skipDefaultRegistryFallback?: boolean;
}

/** Adds the flags of {@link RegistryFlags}. */
export function addRegistryFlags(command: Command): Command {
  return command
    .option('--insecure', 'every registry that is pushed to may speak HTTP')
    .option('--insecure-pull', 'every registry that is pulled from may speak HTTP')
    .option(
      '--insecure-registry <host>',
      'a registry that may speak HTTP or have an unknown certificate (repeatable)',
      repeated,
      [],
    )
    .option('--skip-tls-verify', 'check no certificate of any registry')
    .option('--skip-tls-verify-pull', 'check no certificate of a registry that is pulled from')
    .option(
      '--skip-tls-verify-registry <host>',
      'a registry whose certificate is not checked (repeatable)',
      repeated,
      [],
    )
    .option(
      '--registry-certificate <host=file>',
      'authorities to trust for a registry, in PEM (repeatable)',
      repeated,
      [],
    )
    .option(
      '--registry-client-cert <host=cert,key>',
      'the certificate that a registry wants of us, and its key, in PEM (repeatable)',
      repeated,
      [],
    )
    .option('--retries <n>', 'how often a request that may succeed later is tried again (default: 4)', mostRetries);
}

/** The larger of what was given: pulls and pushes have one number. */
function mostRetries(value: string, previous = 0): number {
  if (!/^\d{1,4}$/.test(value)) throw new InvalidArgumentError('it is a whole number from 0 to 9999');
  return Math.max(previous, Number(value));
}

/** Adds the flags of {@link MirrorFlags}. */
export function addMirrorFlags(command: Command): Command {
  return command
    .option(
      '--registry-mirror <host[/prefix]>',
      'where to look for images of Docker Hub first (repeatable)',
      repeated,
      [],
    )
    .option(
      '--registry-map <host=host[/prefix]>',
      'where to look for images of a registry first; several with ; between (repeatable)',
      repeated,
      [],
    )
    .option('--skip-default-registry-fallback', 'fail when no mirror has an image, instead of asking its own registry');
}

/** Where Debian, Fedora, SUSE and Alpine keep the authorities that the machine trusts: the first that exists. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** @throws VarveError `USAGE` */
export function registryAccess(flags: RegistryFlags, env: Environment): RegistryAccess {
  const config = env.XDG_CONFIG_HOME || join(homedir(), '.config');
  return {
    insecureRegistries: flags.insecureRegistry.map(normalizeAuthKey),
    plainHttp: usesOf({ push: flags.insecure, pull: flags.insecurePull }),
    // As kaniko does: its flag for pushes holds for pulls too.
    skipTlsVerify: usesOf({ push: flags.skipTlsVerify, pull: flags.skipTlsVerify || flags.skipTlsVerifyPull }),
    skipTlsVerifyRegistries: flags.skipTlsVerifyRegistry.map(normalizeAuthKey),
    certificates: new Map(
      flags.registryCertificate.map((text) => {
        const { host, value } = hostValue('--registry-certificate', text, 'HOST=FILE');
        return [host, resolve(value)];
      }),
    ),
    clientCertificates: new Map(flags.registryClientCert.map(clientCertificate)),
    certificateDirectories: [
      '/etc/docker/certs.d',
      '/etc/containers/certs.d',
      join(config, 'docker/certs.d'),
      join(config, 'containers/certs.d'),
    ],
    authorities: authoritiesOf(env),
    ...(flags.retries === undefined ? {} : { retries: flags.retries }),
  };
}

/** Files and directories with the authorities that the machine trusts, in PEM. */
export function authoritiesOf(env: Environment): string[] {
  const bundle = env.SSL_CERT_FILE || SYSTEM_BUNDLES.find((path) => existsSync(path));
  // Between colons, as Go has them.
  const directories = (env.SSL_CERT_DIR ?? '').split(':').filter((path) => path && existsSync(path));
  return [...(bundle ? [bundle] : []), ...directories];
}

/** @throws VarveError `USAGE` */
export function mirrorsOf(flags: MirrorFlags, env: Environment): { maps: RegistryMap[]; fallback: boolean } {
  const mirrors = [...flags.registryMirror, ...split(env.KANIKO_REGISTRY_MIRROR)];
  const maps = [...flags.registryMap.flatMap(split), ...split(env.KANIKO_REGISTRY_MAP)];
  return {
    maps: [
      ...maps.map((text) => {
        const { host, value } = hostValue('--registry-map', text, 'HOST=HOST[/PREFIX]');
        return mapTo('--registry-map', host, value);
      }),
      ...mirrors.map((text) => mapTo('--registry-mirror', 'docker.io', text)),
    ],
    fallback: !flags.skipDefaultRegistryFallback,
  };
}

function split(text: string | undefined): string[] {
  return (text ?? '').split(/[;,]/).filter((part) => part.trim() !== '');
}

function mapTo(flag: string, from: string, text: string): RegistryMap {
  if (/^http:/i.test(text))
    throw usage(flag, text, 'a scheme is not needed', '--insecure-registry HOST lets a mirror speak HTTP');
  const [to = '', ...path] = normalizeAuthKey(text).split('/');
  if (!/^[a-z0-9.:[\]-]+$/.test(to)) throw usage(flag, text, `${JSON.stringify(to)} is not a host`);
  const prefix = path.filter(Boolean).join('/');
  return { from, to, prefix: prefix === '' ? '' : `${prefix}/` };
}

function clientCertificate(text: string): [string, ClientCertificateFiles] {
  const { host, value } = hostValue('--registry-client-cert', text, 'HOST=CERT,KEY');
  const [cert, key, ...more] = value.split(',');
  if (!cert || !key || more.length) throw usage('--registry-client-cert', text, 'it is written HOST=CERT,KEY');
  return [host, { cert: resolve(cert), key: resolve(key) }];
}

function hostValue(flag: string, text: string, form: string): { readonly host: string; readonly value: string } {
  const equals = text.indexOf('=');
  const value = text.slice(equals + 1).trim();
  if (equals <= 0 || value === '') throw usage(flag, text, `it is written ${form}`);
  return { host: normalizeAuthKey(text.slice(0, equals)), value };
}

function usesOf(uses: Readonly<Record<Use, boolean | undefined>>): Use[] {
  return (['pull', 'push'] as const).filter((use) => uses[use]);
}

function usage(flag: string, text: string, why: string, hint?: string): VarveError {
  return new VarveError('USAGE', `${flag} ${text}: ${why}`, { exitCode: 2, ...(hint ? { hint } : {}) });
}
