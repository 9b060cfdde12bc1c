import type { Entry } from '../../bake/entries.ts';
import { sendContext, sendDockerfile } from '../../build/contexts/context-artifact.ts';
import { namedContextKey } from '../../build/contexts/named-context.ts';
import { openSources } from '../../build/contexts/open-sources.ts';
import type { SharedDirectories } from '../../build/contexts/shared-directories.ts';
import type { DockerfileSource } from '../../build/plan/load-dockerfile.ts';
import type { Services } from '../../build/services.ts';
import type { ContextSource } from '../../context/context-source.ts';
import { VarveError } from '../../errors.ts';
import type { SecretKey } from '../../kubernetes/target-job.ts';
import { formatReference, type Reference } from '../../oci/reference.ts';
import type { RepositoryName } from '../../registry/registry-client.ts';
import { outputsOf } from '../output-flags.ts';
import { type BakeFlags, cacheWords } from './bake-flags.ts';
import type { Prepared } from './prepared-target.ts';
import { targetWords } from './target-flags.ts';

/** What Jobs are given of this machine. */
export interface JobWorld {
  readonly flags: BakeFlags;
  /** Where contexts, records and images for other targets are. */
  readonly repository: RepositoryName;
  readonly directories: SharedDirectories;
}

/**
 * Refuses what a Job cannot have: files of this machine, outputs to it, and secrets that the cluster doesn't keep.
 * @returns the target's secrets by id
 * @throws VarveError `UNSUPPORTED`, `USAGE`, with the target's name
 */
export function checkJob({ name, target, flags }: Prepared, { kubeSecret }: BakeFlags): ReadonlyMap<string, SecretKey> {
  const refuse = (what: string, hint: string): never => {
    throw new VarveError('UNSUPPORTED', `target ${name}: ${what} on Kubernetes`, { hint, exitCode: 2 });
  };
  if (target.ssh?.length) refuse('ssh is not given to a Job', 'a secret with a key, or a token in place of the key');
  const output = outputsOf(flags).find(({ type }) => type !== 'registry' && type !== 'store' && type !== 'cacheonly');
  if (output)
    refuse(
      `output type=${output.type} would stay in the Job`,
      'push it, and take it from there with varve pull or copy',
    );
  for (const key of ['cache-from', 'cache-to'] as const)
    if (target[key]?.some(({ type }: Entry) => type === 'local'))
      refuse(`${key} of type=local is a directory of this machine`, 'name a registry');
  const secrets = new Map<string, SecretKey>();
  for (const { id, src, env } of target.secret ?? []) {
    const known = id ?? src ?? env ?? '';
    const key = kubeSecret.get(known);
    if (!key)
      throw new VarveError('USAGE', `target ${name}: the secret ${known} is not passed to a cluster as it is`, {
        hint: `keep it there, and name it: --kube-secret ${known}=SECRET/KEY`,
        exitCode: 2,
      });
    secrets.set(known, key);
  }
  return secrets;
}

/**
 * The words of `varve build` in a target's Job; sends the contexts and the Dockerfile that are files of this machine.
 * @param linked the images of other targets that are contexts of this one, by the contexts' keys
 * @param result where the image goes for targets that need it
 */
export async function jobWords(
  prepared: Prepared,
  { flags, repository, directories }: JobWorld,
  linked: ReadonlyMap<string, Reference>,
  result: Reference | undefined,
  services: Services,
): Promise<string[]> {
  const { name, target, request } = prepared;
  const place = async (source: ContextSource | { readonly kind: string }, text: string): Promise<string> => {
    if (/^https?:\/\/[^/?#]*@/.test(text))
      throw new VarveError('UNSUPPORTED', `target ${name}: credentials in a context's address would be in the Job`, {
        hint: 'for git the secret GIT_AUTH_TOKEN, by --kube-secret',
        exitCode: 2,
      });
    if (source.kind === 'oci-layout' || text.startsWith('tar://'))
      throw new VarveError('UNSUPPORTED', `target ${name}: the context ${text} is a file of this machine`, {
        hint: 'a directory is sent to the cluster; an image is named with docker-image://',
        exitCode: 2,
      });
    if (source.kind !== 'directory') return text;
    const context = source as Extract<ContextSource, { kind: 'directory' }>;
    const isMain = source === request.context;
    // Another context has the rules of its own ignore file only.
    const dockerfile = isMain ? request.dockerfile : ({ kind: 'context' } as const);
    await using sources = openSources(
      { context, dockerfile, namedContexts: new Map(), buildArgs: new Map(), directories },
      services,
    );
    return artifact(await sendContext(sources.contexts, repository, services));
  };
  const main = await place(request.context, target.context);
  const contexts: [string, string][] = [];
  for (const [key, text] of Object.entries(target.contexts ?? {})) {
    const image = linked.get(namedContextKey(key));
    const source = request.namedContexts.get(namedContextKey(key));
    contexts.push([key, image ? `docker-image://${formatReference(image)}` : await place(source!, text)]);
  }
  const file = await dockerfileAddress(request.dockerfile, repository, services);
  const { secret: _, ...known } = target;
  return [
    ...targetWords({ ...known, contexts: Object.fromEntries(contexts) }),
    ...(result ? [`--output=type=registry,name=${formatReference(result)}`] : []),
    ...(file === undefined ? [] : [`--file=${file}`]),
    ...wordsOfAll(flags),
    '--',
    main,
  ];
}

/** What `--file` says of it in a Job; undefined for the one of the context. */
async function dockerfileAddress(
  source: DockerfileSource,
  repository: RepositoryName,
  services: Services,
): Promise<string | undefined> {
  switch (source.kind) {
    case 'given':
      return artifact(await sendDockerfile(source, repository, services));
    case 'url':
      return source.url;
    case 'artifact':
      return artifact(source.reference);
    case 'context':
      return source.path;
  }
}

function artifact(reference: Reference): string {
  return `oci-artifact://${formatReference(reference)}`;
}

/** What holds for every target. Throws VarveError `UNSUPPORTED` for files of this machine. */
function wordsOfAll(flags: BakeFlags): string[] {
  if (flags.cacheKey !== undefined || flags.cacheMounts?.startsWith('oci:'))
    throw new VarveError('UNSUPPORTED', '--cache-key and --cache-mounts oci:DIR are files of this machine', {
      hint: 'records of Jobs are not signed; cache mounts are kept in a repository',
      exitCode: 2,
    });
  if (flags.registryCertificate.length || flags.registryClientCert.length)
    throw new VarveError('UNSUPPORTED', '--registry-certificate and --registry-client-cert are files of this machine', {
      hint: 'mount them below /etc/docker/certs.d in the --kube-template',
      exitCode: 2,
    });
  const each = (flag: string, values: readonly string[]): string[] => values.map((value) => `${flag}=${value}`);
  const text = (flag: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [`${flag}=${value}`];
  const set = (flag: string, value: unknown): string[] => (value === true ? [flag] : []);
  return [
    ...cacheWords(flags),
    ...(flags.pushCache ? ['--cache-leases'] : []),
    ...text('--cache-mounts', flags.cacheMounts),
    ...text('--cache-mounts-branch', flags.cacheMountsBranch),
    ...text('--cache-mounts-default-branch', flags.cacheMountsDefaultBranch),
    ...text('--cache-mounts-limit', flags.cacheMountsLimit),
    `--isolation=${flags.isolation}`,
    `--rootfs=${flags.rootfs}`,
    ...text('--parallel', flags.parallel),
    ...text('--retries', flags.retries),
    ...set('--verbose', flags.verbose),
    ...set('--insecure', flags.insecure),
    ...set('--insecure-pull', flags.insecurePull),
    ...each('--insecure-registry', flags.insecureRegistry),
    ...set('--skip-tls-verify', flags.skipTlsVerify),
    ...set('--skip-tls-verify-pull', flags.skipTlsVerifyPull),
    ...each('--skip-tls-verify-registry', flags.skipTlsVerifyRegistry),
    ...each('--registry-mirror', flags.registryMirror),
    ...each('--registry-map', flags.registryMap),
    ...set('--skip-default-registry-fallback', flags.skipDefaultRegistryFallback),
  ];
}
