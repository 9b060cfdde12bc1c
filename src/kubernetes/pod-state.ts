import type { V1ContainerState, V1Pod } from '@kubernetes/client-node';

/** What has become of a pod that does one thing. */
export type PodState =
  /** `why` it does not run yet, as the cluster says. */
  | { readonly kind: 'waiting'; readonly why: string }
  | { readonly kind: 'running' }
  /** Its program ended by itself; `message` is what it left as its last word. */
  | { readonly kind: 'ended'; readonly exitCode: number; readonly message: string }
  /** The cluster took it away: eviction, preemption, a lost node. */
  | { readonly kind: 'lost'; readonly why: string }
  /** It will not come to anything. */
  | { readonly kind: 'stuck'; readonly why: string };

/** A container that waits for one of these waits for ever, but for somebody's help. */
const STUCK = new Set([
  'InvalidImageName',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);
/** Where the program's end says nothing about the program. */
const UNKNOWN_END = new Set(['ContainerStatusUnknown', 'StartError', 'NodeShutdown']);

/** @param isDeleted whether the pod is gone, and this is the last that was seen of it */
export function podState({ metadata, status }: V1Pod, container: string, isDeleted: boolean): PodState {
  const state = status?.containerStatuses?.find(({ name }) => name === container)?.state;
  const end = state?.terminated;
  const isDisrupted = status?.conditions?.find(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True');
  if (end?.exitCode === 0) return { kind: 'ended', exitCode: 0, message: end.message ?? '' };
  if (isDisrupted) return lost(isDisrupted.reason ?? 'DisruptionTarget', isDisrupted.message);
  if (end?.reason === 'OOMKilled') return { kind: 'stuck', why: 'it was killed for using more memory than its limit' };
  if (isDeleted || metadata?.deletionTimestamp) return lost('deleted', status?.message ?? 'the pod was deleted');
  if (end && UNKNOWN_END.has(end.reason ?? '')) return lost(end.reason!, end.message);
  if (end) return { kind: 'ended', exitCode: end.exitCode, message: end.message ?? '' };
  // Evicted, Preempting, NodeLost, Shutdown, UnexpectedAdmissionError, OutOfcpu: no program of it ended.
  if (status?.phase === 'Failed') return lost(status.reason ?? 'Failed', status.message);
  if (state?.running) return { kind: 'running' };
  return waiting(status, state);
}

function waiting(status: V1Pod['status'], state: V1ContainerState | undefined): PodState {
  const { reason = '', message = '' } = state?.waiting ?? {};
  const why = [reason, message].filter(Boolean).join(': ');
  if (STUCK.has(reason)) return { kind: 'stuck', why };
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  if (unscheduled) return { kind: 'waiting', why: unscheduled.message ?? unscheduled.reason ?? 'it has no node' };
  return { kind: 'waiting', why };
}

function lost(reason: string, message: string | undefined): PodState {
  return { kind: 'lost', why: message ? `${reason}: ${message}` : reason };
}
