import { posix } from 'node:path';
import { VarveError } from '../../errors.ts';
import { parseBytes } from '../../instructions/run-mount.ts';
import type { BakeOptions, Group } from '../bake-options.ts';
import { canonicalAttest, readAttest, readCache, readOutput, readSecret, readSsh } from '../entries.ts';
import { normalizeTarget, type Target } from '../target.ts';
import { parseDotEnv } from './interpolate.ts';
import type { ComposeBuild, ComposeDocument, ComposeService } from './read-compose.ts';

/**
 * The services that are built, as targets, and the group `default` of them all.
 * @throws VarveError `BAKE_VALUE`, `UNSUPPORTED`
 */
export function composeTargets(
  { services = {}, secrets = {} }: ComposeDocument,
  options: BakeOptions,
): { readonly targets: ReadonlyMap<string, Target>; readonly groups: ReadonlyMap<string, Group> } {
  const targets = new Map<string, Target>();
  for (const [service, found] of Object.entries(services)) {
    if (!found?.build) continue;
    const name = service.replaceAll('.', '_');
    if (!/^[a-zA-Z0-9_-]+$/.test(name)) throw problem(`invalid service name ${JSON.stringify(service)}`);
    targets.set(name, normalizeTarget(targetOf(name, found, found.build, secrets, options)));
  }
  return { targets, groups: new Map([['default', { targets: [...targets.keys()] }]]) };
}

function targetOf(
  name: string,
  service: ComposeService,
  build: ComposeBuild,
  secrets: NonNullable<ComposeDocument['secrets']>,
  options: BakeOptions,
): Target {
  if (build.privileged || build.isolation !== undefined)
    throw new VarveError(
      'UNSUPPORTED',
      `service ${name}: build.${build.privileged ? 'privileged' : 'isolation'} is not supported`,
    );
  const x = build['x-bake'] ?? {};
  const context = build.context === undefined ? undefined : cleanPath(build.context);
  const attest = [
    ...(build.sbom === undefined ? [] : [canonicalAttest('sbom', build.sbom)]),
    ...(build.provenance === undefined ? [] : [canonicalAttest('provenance', build.provenance)]),
  ];
  const ssh = [
    ...Object.entries(build.ssh ?? {}).map(([id, path]) => readSsh(path ? `${id}=${path}` : id)),
    ...(x.ssh ?? []).map(readSsh),
  ].sort((a, b) => ((a.id ?? '') < (b.id ?? '') ? -1 : 1));
  const image = service.image === undefined ? [] : [service.image];
  const target: Record<string, unknown> = {
    context,
    contexts: { ...namedContexts(x.contexts), ...namedContexts(build.additional_contexts) },
    dockerfile: build.dockerfile === undefined ? undefined : posix.normalize(build.dockerfile),
    'dockerfile-inline': build.dockerfile_inline,
    // An image's name is a tag when the build says none of its own.
    tags: build.tags?.length || x.tags?.length ? [...(build.tags ?? []), ...(x.tags ?? [])] : image,
    labels: Object.fromEntries(Object.entries(build.labels ?? {}).map(([key, value]) => [key, value ?? ''])),
    args: resolveArgs(service, build, options),
    'cache-from': [...(build.cache_from ?? []), ...(x['cache-from'] ?? [])].map(readCache),
    'cache-to': [...(build.cache_to ?? []), ...(x['cache-to'] ?? [])].map(readCache),
    network: build.network,
    platforms: [...(build.platforms ?? []), ...(x.platforms ?? [])],
    ssh,
    secret: [
      ...(build.secrets ?? []).map(({ source }) => secretOf(name, source, secrets)),
      ...(x.secret ?? []).map(readSecret),
    ],
    output: (x.output ?? []).map(readOutput),
    attest: attest.map(readAttest),
    entitlements: build.entitlements,
    'shm-size': build.shm_size === undefined ? undefined : sizeText(parseBytes(build.shm_size)),
    ulimits: Object.entries(build.ulimits ?? {}).map(([limit, value]) =>
      typeof value === 'string' ? `${limit}=${value}:${value}` : `${limit}=${value.soft}:${value.hard}`,
    ),
    'extra-hosts': extraHosts(build.extra_hosts),
    'no-cache-filter': x['no-cache-filter'],
    'no-cache': x['no-cache'] ?? (build.no_cache || undefined),
    pull: x.pull ?? (build.pull || undefined),
    target: build.target,
  };
  return Object.fromEntries(Object.entries(target).filter(([, value]) => value !== undefined)) as Target;
}

/** An argument without a value is the service's, then the environment's; one that nobody has is left out. */
function resolveArgs(service: ComposeService, build: ComposeBuild, options: BakeOptions): Record<string, string> {
  const own: Readonly<Record<string, string | null>> = { ...envFiles(service, options), ...service.environment };
  return Object.fromEntries(
    Object.entries(build.args ?? {}).flatMap(([name, value]) => {
      const found = value ?? own[name] ?? options.environment[name];
      return typeof found === 'string' ? [[name, found]] : [];
    }),
  );
}

function envFiles({ env_file: files }: ComposeService, options: BakeOptions): Record<string, string> {
  const all: Record<string, string> = {};
  for (const file of files === undefined ? [] : typeof files === 'string' ? [files] : files) {
    const { path, required = true } = typeof file === 'string' ? { path: file } : file;
    const source = options.readFile(path);
    if (source === undefined && required) throw problem(`env file ${path} not found`);
    Object.assign(all, parseDotEnv(source ?? '', options.environment));
  }
  return all;
}

function secretOf(service: string, source: string, secrets: NonNullable<ComposeDocument['secrets']>) {
  const secret = secrets[source];
  if (!secret) throw problem(`service ${JSON.stringify(service)} refers to undefined build secret ${source}`);
  if (secret.external) throw problem(`unsupported external secret ${source}`);
  const { file, environment } = secret;
  if (!file && !environment) throw problem(`secret ${source} has neither file nor environment`);
  return { id: source, ...(file ? { src: file } : {}), ...(environment ? { env: environment } : {}) };
}

function namedContexts(contexts: Readonly<Record<string, string | null>> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(contexts ?? {}).map(([name, value]) => {
      const [, linked] = /^(?:service|target):(.*)$/.exec(value ?? '') ?? [];
      return [name, linked === undefined ? cleanPath(value ?? '') : `target:${linked.replaceAll('.', '_')}`];
    }),
  );
}

function cleanPath(path: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\/|^git@/i.test(path)) return path;
  return posix.normalize(path === '' ? '.' : path).replace(/(.)\/$/, '$1');
}

function extraHosts(hosts: ComposeBuild['extra_hosts']): Record<string, string> {
  if (Array.isArray(hosts))
    return Object.fromEntries(
      hosts.map((host) => {
        const [, name = host, address = ''] = /^([^:=]+)[:=](.*)$/.exec(host) ?? [];
        return [name, address];
      }),
    );
  return Object.fromEntries(
    Object.entries(hosts ?? {}).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  );
}

/** As docker writes a size: 128MiB. */
function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let at = 0;
  let size = bytes;
  for (; size >= 1024 && at < units.length - 1; at++) size /= 1024;
  return `${Number(size.toPrecision(4))}${units[at]}`;
}

function problem(message: string): VarveError {
  return new VarveError('BAKE_VALUE', message);
}
