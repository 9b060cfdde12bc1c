import { createInterface } from 'node:readline';
import { PassThrough, type Readable } from 'node:stream';
import type { V1Pod } from '@kubernetes/client-node';
import { VarveError } from '../errors.ts';
import { type RetryPolicy, type RetryVerdict, retry } from '../io/retry.ts';
import type { Cluster } from './cluster.ts';

/** How long one question may take, in ms. */
const QUESTION_MS = 30_000;
const GONE = 410;
const CONFLICT = 409;
const NOT_FOUND = 404;

/** Which cluster, as kubectl names it. */
export interface ClusterChoice {
  /** A context of the kubeconfig; the current one when absent. */
  readonly context?: string;
  /** That of the context, or of the pod that this runs in, when absent. */
  readonly namespace?: string;
  /** The pod's own, or `default`. */
  readonly podNamespace: string | undefined;
  readonly retryPolicy: RetryPolicy;
}

/**
 * The cluster of `$KUBECONFIG`, `~/.kube/config` or the pod's service account, by the Kubernetes client, which is loaded
 * here.
 * @throws VarveError `KUBERNETES_CONFIG`
 */
export async function connectCluster(choice: ClusterChoice): Promise<Cluster> {
  const { BatchV1Api, CoreV1Api, KubeConfig, Log, Watch } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
    if (choice.context !== undefined) config.setCurrentContext(choice.context);
  } catch (error) {
    throw configError((error as Error).message);
  }
  const context = config.getContextObject(config.getCurrentContext());
  if (!context || !config.getCurrentCluster())
    throw configError(choice.context === undefined ? 'it names no context' : `it has no context ${choice.context}`);
  const namespace = choice.namespace ?? context.namespace ?? choice.podNamespace ?? 'default';
  const [batch, core] = [config.makeApiClient(BatchV1Api), config.makeApiClient(CoreV1Api)];
  const [watch, log] = [new Watch(config), new Log(config)];

  /** A question with its time, and again when it may be answered later. */
  const ask = <T>(what: string, question: () => Promise<T>, signal: AbortSignal): Promise<T> =>
    retry(() => within(question(), AbortSignal.any([signal, AbortSignal.timeout(QUESTION_MS)])), {
      policy: choice.retryPolicy,
      verdict,
      signal,
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw answerError(what, error);
    });

  return {
    namespace,
    async createJob(body, signal) {
      const question = () =>
        batch.createNamespacedJob({ namespace, body }).catch((error: unknown) => {
          if (codeOf(error) !== CONFLICT) throw error;
        });
      await ask(`the Job ${body.metadata?.name} cannot be created`, question, signal);
    },
    readJob: (name, signal) =>
      ask(
        `the Job ${name} cannot be read`,
        () => batch.readNamespacedJob({ name, namespace }).catch(unlessMissing),
        signal,
      ),
    async deleteJob(name, signal) {
      const question = () =>
        batch.deleteNamespacedJob({ name, namespace, propagationPolicy: 'Background' }).catch(unlessMissing);
      await ask(`the Job ${name} cannot be deleted`, question, signal);
    },
    async events(object, signal) {
      const fieldSelector = `involvedObject.name=${object}`;
      try {
        const { items } = await within(core.listNamespacedEvent({ namespace, fieldSelector }), signal);
        return items.map(({ reason, message }) => [reason, message].filter(Boolean).join(': ')).reverse();
      } catch {
        // Who may not read events builds without.
        return [];
      }
    },
    async listPods(labelSelector, signal) {
      const question = () => core.listNamespacedPod({ namespace, labelSelector });
      const { items, metadata } = await ask('pods cannot be listed', question, signal);
      return { pods: items, version: metadata?.resourceVersion ?? '' };
    },
    async watchPods(labelSelector, resourceVersion, changed, signal) {
      const { promise, resolve } = Promise.withResolvers<'ended' | 'gone'>();
      const query = { labelSelector, resourceVersion, allowWatchBookmarks: true };
      const connection = await watch.watch(
        `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
        query,
        (type: string, object: V1Pod & { code?: number }) => {
          if (type === 'ERROR') resolve(object.code === GONE ? 'gone' : 'ended');
          else if (type === 'BOOKMARK') changed({ type: 'version', pod: object });
          else changed({ type: type === 'DELETED' ? 'deleted' : 'there', pod: object });
        },
        (error: unknown) => resolve(codeOf(error) === undefined ? 'ended' : 'gone'),
      );
      const abort = (): void => {
        connection.abort();
        resolve('ended');
      };
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      const end = await promise;
      connection.abort();
      signal.removeEventListener('abort', abort);
      return end;
    },
    async followLog({ pod, container, since }, line, signal) {
      const stream = new PassThrough();
      // The client pipes, and lets go of what fails.
      stream.on('pipe', (source: Readable) => source.on('error', () => stream.end()).on('close', () => stream.end()));
      const options = { follow: true, timestamps: true, ...(since === undefined ? {} : { sinceTime: since }) };
      const connection = await log.log(namespace, pod, container, stream, options).catch(() => undefined);
      if (!connection) return;
      const abort = (): void => connection.abort();
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      try {
        for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) line(text);
      } finally {
        signal.removeEventListener('abort', abort);
        abort();
      }
    },
  };
}

/** What the API server says about trying again. Another's mistake is ours for good. */
function verdict(error: unknown): RetryVerdict {
  const code = codeOf(error);
  if (code === undefined || code >= 500) return {};
  if (code !== 429) return false;
  const headers = (error as { headers?: Record<string, string> }).headers ?? {};
  const seconds = Number(headers['retry-after']);
  return Number.isFinite(seconds) ? { afterMs: seconds * 1000 } : {};
}

/** The HTTP status of an answer; undefined where there was none. */
function codeOf(error: unknown): number | undefined {
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  return typeof code === 'number' ? code : typeof statusCode === 'number' ? statusCode : undefined;
}

function unlessMissing(error: unknown): undefined {
  if (codeOf(error) === NOT_FOUND) return undefined;
  throw error;
}

async function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The server's own words, as far as there are any. */
function answerError(what: string, error: unknown): VarveError {
  const { body } = error as { body?: unknown };
  let words = error instanceof Error ? error.message.split('\n', 1)[0]! : String(error);
  try {
    words = (JSON.parse(String(body)) as { message?: string }).message ?? words;
  } catch {
    // No document came with it.
  }
  const isDenied = codeOf(error) === 403 || codeOf(error) === 401;
  return new VarveError('KUBERNETES_API', `${what}: ${words}`, {
    ...(isDenied ? { hint: 'examples/kubernetes/bake-rbac.yaml has what `varve bake --on kubernetes` needs' } : {}),
    cause: error,
  });
}

function configError(why: string): VarveError {
  return new VarveError('KUBERNETES_CONFIG', `the cluster's configuration cannot be used: ${why}`, {
    hint: '$KUBECONFIG or ~/.kube/config name a cluster, --kube-context one of several',
    exitCode: 2,
  });
}
