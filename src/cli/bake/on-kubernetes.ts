import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { V1Job } from '@kubernetes/client-node';
import * as z from 'zod';
import { createSharedDirectories } from '../../build/contexts/shared-directories.ts';
import { runLinked } from '../../build/run-linked.ts';
import type { Services } from '../../build/services.ts';
import { VarveError } from '../../errors.ts';
import { defaultRetryPolicy } from '../../io/retry.ts';
import { connectCluster } from '../../kubernetes/connect-cluster.ts';
import { followPods } from '../../kubernetes/follow-pods.ts';
import { CONTAINER, defaultTemplate, jobTemplateSchema } from '../../kubernetes/job-template.ts';
import { runJob } from '../../kubernetes/run-job.ts';
import { targetJob } from '../../kubernetes/target-job.ts';
import { digestSchema } from '../../oci/descriptor.ts';
import type { Reference } from '../../oci/reference.ts';
import type { RepositoryName } from '../../registry/registry-client.ts';
import { parseCacheRepo } from '../cache-places.ts';
import { outputsOf } from '../output-flags.ts';
import { parseYaml } from '../parse-yaml.ts';
import type { BakeFlags } from './bake-flags.ts';
import { targetTotals } from './bake-summary.ts';
import { readJobOutput } from './job-output.ts';
import { checkJob, jobWords } from './job-words.ts';
import { namedEvent } from './named-progress.ts';
import type { Prepared } from './prepared-target.ts';

export interface ClusterBake {
  readonly flags: BakeFlags;
  readonly services: Services;
  /** For each target the others that are contexts of it, by the contexts' names. */
  readonly links: ReadonlyMap<string, ReadonlyMap<string, string>>;
  giveUp(error: unknown): void;
  readonly signal: AbortSignal;
  /** Ends what is shown of the progress. */
  end(result: 'done' | 'failed'): void;
}

/** What `--metadata-file` of a build holds. */
const metadataSchema = z.looseObject({ 'containerimage.digest': digestSchema });
type Metadata = z.infer<typeof metadataSchema>;

/**
 * Builds each target in a Job of a cluster, those that need others after them.
 * @throws VarveError what a Job cannot have; the first target's failure, when all have ended
 */
export async function bakeOnKubernetes(all: readonly Prepared[], bake: ClusterBake): Promise<void> {
  const { flags, services, links, signal } = bake;
  const repository = cacheRepository(flags);
  const template = await readTemplate(flags);
  const secrets = new Map(all.map((prepared) => [prepared.name, checkJob(prepared, flags)]));
  const needed = new Set([...links.values()].flatMap((link) => [...link.values()]));
  for (const { name, flags: own } of all)
    if (!needed.has(name) && !outputsOf(own).some(({ type }) => type === 'registry'))
      services.log.warn(`${name}: without --push its image stays in the cache only`);
  const namespace = await readFile(POD_NAMESPACE, 'utf8').catch(() => undefined);
  const cluster = await connectCluster({
    ...(flags.kubeContext === undefined ? {} : { context: flags.kubeContext }),
    ...(flags.kubeNamespace === undefined ? {} : { namespace: flags.kubeNamespace }),
    podNamespace: namespace?.trim() || undefined,
    retryPolicy: defaultRetryPolicy,
  });
  const id = randomBytes(4).toString('hex');
  const watched = new AbortController();
  const pods = followPods(cluster, id, AbortSignal.any([signal, watched.signal]));
  pods.ended.catch(() => {}); // every Job meets it
  const directories = createSharedDirectories();
  const outputs = new Map(
    all.map(({ name }) => [name, readJobOutput((event) => services.progress(namedEvent(name, event)), services.clock)]),
  );
  const build = async (prepared: Prepared, results: ReadonlyMap<string, Metadata>): Promise<Metadata> => {
    const { name } = prepared;
    const images = [...links.get(name)!].map(([context, other]): [string, Reference] => [
      context,
      { ...repository, digest: results.get(other)!['containerimage.digest'] },
    ]);
    const result = needed.has(name) ? { ...repository, tag: linkTag(name) } : undefined;
    const words = await jobWords(prepared, { flags, repository, directories }, new Map(images), result, services);
    const request = {
      template,
      target: name,
      bake: id,
      words,
      secrets: secrets.get(name)!,
      ...(flags.kubeImage === undefined ? {} : { image: flags.kubeImage }),
      ...(flags.kubeServiceAccount === undefined ? {} : { serviceAccount: flags.kubeServiceAccount }),
      ...(flags.kubeRegistrySecret === undefined ? {} : { registrySecret: flags.kubeRegistrySecret }),
    };
    const output = outputs.get(name)!;
    const end = await runJob({
      cluster,
      pods,
      container: CONTAINER,
      job: (attempt) => targetJob(request, attempt),
      line: (text) => output.line(text),
      told: (text) => services.log.warn(`${name}: ${text}`),
      retries: { ...defaultRetryPolicy, attempts: LOSSES },
      signal,
    }).catch((error: unknown) => {
      throw error instanceof VarveError && error !== signal.reason ? error.prefixed(`target ${name}: `) : error;
    });
    if (end.exitCode !== 0) throw failure(name, end.exitCode, output.words());
    return metadataOf(name, end.message);
  };
  const linked = all.map((prepared) => ({
    name: prepared.name,
    needs: [...links.get(prepared.name)!.values()],
    prepared,
  }));
  const outcomes = await runLinked<(typeof linked)[number], Metadata>(
    linked,
    ({ prepared }, results) => build(prepared, results),
    flags.keepGoing ? undefined : (error) => bake.giveUp(error),
  );
  watched.abort();
  await directories.flush();
  const failed = [...outcomes.values()].find((outcome) => outcome.status === 'failed');
  const targets = [...outcomes].map(([name, outcome]) => {
    const { hits, done } = outputs.get(name)!;
    return targetTotals({ name, hits, done }, outcome, (result) => result['containerimage.digest']);
  });
  services.progress({ type: 'bake-end', targets, time: services.clock.now() });
  bake.end(failed ? 'failed' : 'done');
  if (flags.metadataFile !== undefined && (!failed || flags.keepGoing)) {
    const built = [...outcomes].flatMap(([name, outcome]) =>
      outcome.status === 'built' ? [[name, outcome.result] as const] : [],
    );
    await writeFile(resolve(flags.metadataFile), `${JSON.stringify(Object.fromEntries(built), null, 2)}\n`);
  }
  if (failed) throw failed.error;
}

/** How often a target is built again that the cluster took away. */
const LOSSES = 3;
/** Where a pod reads which namespace it is in. */
const POD_NAMESPACE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

function cacheRepository({ cacheRepo }: BakeFlags): RepositoryName {
  const [first] = cacheRepo.map((text) => parseCacheRepo(text));
  if (first?.kind === 'registry' && first.tagPrefix === '') return first.repository;
  const what = first ? `--cache-repo ${cacheRepo[0]} cannot be used by Jobs` : '--on kubernetes needs --cache-repo';
  throw new VarveError('USAGE', what, {
    hint: 'contexts, records of steps and images for other targets are kept in the first --cache-repo, a repository',
    exitCode: 2,
  });
}

async function readTemplate({ kubeTemplate: path, kubeImage, isolation }: BakeFlags): Promise<V1Job> {
  const template = path === undefined ? defaultTemplate(isolation) : await readJob(path);
  const container = template.spec?.template.spec?.containers.find(({ name }) => name === CONTAINER);
  if (kubeImage !== undefined || container?.image) return template;
  throw new VarveError('USAGE', "--on kubernetes needs --kube-image, varve's image", {
    hint: 'or a --kube-template whose container varve has an image',
    exitCode: 2,
  });
}

async function readJob(path: string): Promise<V1Job> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new VarveError('USAGE', `--kube-template ${path} cannot be read: ${error.code ?? error.message}`, {
      exitCode: 2,
    });
  });
  return parseYaml(text, path, jobTemplateSchema) as V1Job;
}

/** What tags of other targets' images are called: a later bake may write over it, the image goes by its digest. */
function linkTag(target: string): string {
  return `bake-${target}`;
}

function metadataOf(name: string, message: string): Metadata {
  try {
    return metadataSchema.parse(JSON.parse(message));
  } catch (error) {
    throw new VarveError(
      'KUBERNETES_JOB',
      `target ${name}: it was built, but what its Job says of the image cannot be read`,
      {
        hint: 'a pod has 4096 bytes for it: many tags may be too much',
        cause: error,
      },
    );
  }
}

/** As the build in the Job says it. */
function failure(name: string, exitCode: number, words: string): VarveError {
  const text = words.replace(/^varve: /, '') || `its Job ended with ${exitCode}`;
  return new VarveError('TARGET_FAILED', `target ${name}: ${text}`, { exitCode });
}
