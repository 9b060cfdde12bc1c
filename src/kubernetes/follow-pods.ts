import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import type { Cluster } from './cluster.ts';

/** The label that a pod's Job has its name in. */
export const JOB_LABEL = 'varve.dev/job';
/** The label that all Jobs of one bake have. */
export const BAKE_LABEL = 'varve.dev/bake';

/** How long nothing is asked after a watch that ended at once, in ms. */
const PAUSE_MS = 200;

/** A Job's pod, and whether it is gone. */
export interface SeenPod {
  readonly pod: V1Pod;
  readonly isDeleted: boolean;
}

/** Tells who asks what becomes of the pods of one bake, by one list and one watch for all of them. */
export interface Pods {
  /** Called with what is known of the Job's pod, and with each change of it. @returns ends it */
  follow(job: string, changed: (seen: SeenPod) => void): () => void;
  /** Settles when the signal is aborted; rejects when the cluster does not answer any more. */
  readonly ended: Promise<void>;
}

export function followPods(cluster: Cluster, bake: string, signal: AbortSignal): Pods {
  const selector = `${BAKE_LABEL}=${bake}`;
  const known = new Map<string, SeenPod>();
  const followers = new Map<string, (seen: SeenPod) => void>();

  const tell = (pod: V1Pod, isDeleted: boolean): void => {
    const job = pod.metadata?.labels?.[JOB_LABEL];
    if (job === undefined) return;
    const seen = { pod, isDeleted };
    known.set(job, seen);
    followers.get(job)?.(seen);
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const { pods, version } = await cluster.listPods(selector, signal);
      const names = new Set(pods.map(({ metadata }) => metadata?.name));
      for (const pod of pods) tell(pod, false);
      // Of what went while nobody watched there is no word.
      for (const { pod, isDeleted } of known.values())
        if (!isDeleted && !names.has(pod.metadata?.name)) tell(pod, true);
      let at = version;
      for (let end = 'ended'; end !== 'gone' && !signal.aborted; ) {
        const before = at;
        end = await cluster.watchPods(
          selector,
          at,
          ({ type, pod }) => {
            at = pod.metadata?.resourceVersion ?? at;
            if (type !== 'version') tell(pod, type === 'deleted');
          },
          signal,
        );
        if (at === before && !signal.aborted) await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
      }
    }
  };

  return {
    follow(job, changed) {
      followers.set(job, changed);
      const seen = known.get(job);
      if (seen) changed(seen);
      return () => void followers.delete(job);
    },
    ended: run().catch((error: unknown) => {
      if (!signal.aborted) throw error;
    }),
  };
}
