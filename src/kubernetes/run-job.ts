import type { V1Job } from '@kubernetes/client-node';
import { VarveError } from '../errors.ts';
import { pause, type RetryPolicy } from '../io/retry.ts';
import type { Cluster } from './cluster.ts';
import { followLog } from './follow-log.ts';
import type { Pods, SeenPod } from './follow-pods.ts';
import { type PodState, podState } from './pod-state.ts';

/** How long a deletion may take that nobody can stop, in ms. */
const DELETE_MS = 15_000;
/** How long a Job may have no pod before the cluster is asked why, in ms. */
const NO_POD_MS = 15_000;

/** What is done in a Job. */
export interface JobRun {
  readonly cluster: Cluster;
  readonly pods: Pods;
  readonly container: string;
  /** The Job of an attempt, which counts from 1; each has another name. */
  job(attempt: number): V1Job;
  /** A line that the container wrote. */
  line(text: string): void;
  /** Why nothing runs yet, or runs again. */
  told(text: string): void;
  /** How often what the cluster takes away is done again. */
  readonly retries: RetryPolicy;
  readonly signal: AbortSignal;
}

/** How its program ended. */
export interface JobEnd {
  readonly exitCode: number;
  readonly message: string;
}

/**
 * Runs a Job, again when the cluster takes its pod away, never when its program fails. The Job is deleted when it has done
 * its work, and when the signal is aborted; one that failed stays until its time is over.
 * @throws VarveError `KUBERNETES_JOB` when the cluster cannot run it; the signal's reason
 */
export async function runJob(run: JobRun): Promise<JobEnd> {
  const { cluster, signal, retries, told } = run;
  for (let attempt = 1; ; attempt++) {
    const job = run.job(attempt);
    const name = job.metadata!.name!;
    let state: Awaited<ReturnType<typeof attemptJob>> | undefined;
    try {
      state = await attemptJob(job, name, run);
    } finally {
      const isKept = state?.kind === 'stuck' || (state?.kind === 'ended' && state.exitCode !== 0);
      if (!isKept) await deleteJob(cluster, name, told);
    }
    if (state.kind === 'ended') return state;
    if (state.kind === 'stuck' || attempt > retries.attempts)
      throw new VarveError('KUBERNETES_JOB', `the Job ${name} cannot run: ${state.why}`, {
        hint: `kubectl --namespace ${cluster.namespace} describe job ${name}`,
      });
    told(`the pod of ${name} was taken away (${state.why}): the target is built again`);
    await pause(retries, retries.baseMs * 2 ** (attempt - 1), signal);
  }
}

type End = Extract<PodState, { kind: 'ended' | 'lost' | 'stuck' }>;

async function attemptJob(job: V1Job, name: string, run: JobRun): Promise<End> {
  const { cluster, pods, container, signal } = run;
  signal.throwIfAborted();
  await cluster.createJob(job, signal);
  const ended = new AbortController();
  let log: Promise<void> | undefined;
  let waits = '';
  let isOver = false;
  let hasPod = false;
  const end = Promise.withResolvers<End>();
  const see = ({ pod, isDeleted }: SeenPod): void => {
    hasPod = true;
    const state = podState(pod, container, isDeleted);
    const isThere = state.kind === 'running' || state.kind === 'ended';
    if (isThere) {
      if (state.kind === 'ended') isOver = true;
      log ??= followLog(cluster, { pod: pod.metadata!.name!, container }, () => isOver, run.line, logSignal);
    }
    if (state.kind === 'waiting' && state.why !== waits) {
      waits = state.why;
      if (waits && waits !== 'ContainerCreating' && waits !== 'PodInitializing') run.told(`the pod waits: ${waits}`);
    }
    if (state.kind !== 'waiting' && state.kind !== 'running') end.resolve(state);
  };
  const logSignal = AbortSignal.any([signal, ended.signal]);
  const stop = pods.follow(name, see);
  const abort = (): void => end.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  pods.ended.catch((error) => end.reject(error));
  const timer = setInterval(() => {
    if (!hasPod) void whyNoPod(name, run).then((state) => state && end.resolve(state), end.reject);
  }, NO_POD_MS);
  try {
    const state = await end.promise;
    if (state.kind === 'ended') {
      await log;
      return state;
    }
    // A Job that is over is the reason, not the loss of its pod.
    const failed = state.kind === 'lost' ? failureOf(await cluster.readJob(name, signal)) : undefined;
    return failed === undefined ? state : { kind: 'stuck', why: failed };
  } finally {
    clearInterval(timer);
    stop();
    signal.removeEventListener('abort', abort);
    ended.abort();
    await log?.catch(() => {});
  }
}

async function whyNoPod(name: string, { cluster, told, signal }: JobRun): Promise<End | undefined> {
  const job = await cluster.readJob(name, signal);
  if (!job) return { kind: 'lost', why: 'the Job was deleted' };
  const failed = failureOf(job);
  if (failed !== undefined) return { kind: 'stuck', why: failed };
  const [event] = await cluster.events(name, signal);
  if (event !== undefined) told(`the Job ${name} has no pod yet: ${event}`);
  return undefined;
}

/** A Job fails because its pod did, but for these: they say more. */
function failureOf(job: V1Job | undefined): string | undefined {
  const failed = job?.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  if (!failed || failed.reason === 'BackoffLimitExceeded' || failed.reason === 'PodFailurePolicy') return undefined;
  return [failed.reason, failed.message].filter(Boolean).join(': ');
}

/** What has begun with an abort must end, too. */
async function deleteJob(cluster: Cluster, name: string, told: JobRun['told']): Promise<void> {
  await cluster.deleteJob(name, AbortSignal.timeout(DELETE_MS)).catch((error: Error) => {
    told(`the Job ${name} is left behind: ${error.message}`);
  });
}
