import type { V1Job, V1Pod } from '@kubernetes/client-node';

/** What is used of a cluster, in one namespace. Failures that may pass are tried again inside; what throws is final. */
export interface Cluster {
  readonly namespace: string;
  /** One of that name that is there already is ours: its name is nobody else's. */
  createJob(job: V1Job, signal: AbortSignal): Promise<void>;
  /** Undefined when it is not there. */
  readJob(name: string, signal: AbortSignal): Promise<V1Job | undefined>;
  /** Its pods go with it; one that is not there is no error. */
  deleteJob(name: string, signal: AbortSignal): Promise<void>;
  /** What the cluster says of an object lately, for people. */
  events(object: string, signal: AbortSignal): Promise<readonly string[]>;
  listPods(selector: string, signal: AbortSignal): Promise<PodList>;
  /**
   * Tells of changes since `version` until the connection ends.
   * @returns `gone` when the version is too old, and a new list is needed
   */
  watchPods(
    selector: string,
    version: string,
    changed: (change: PodChange) => void,
    signal: AbortSignal,
  ): Promise<'ended' | 'gone'>;
  /** Lines with their times, as the container writes them, until it or the connection ends. Never throws for the latter. */
  followLog(
    at: { readonly pod: string; readonly container: string; readonly since?: string },
    line: (text: string) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface PodList {
  readonly pods: readonly V1Pod[];
  readonly version: string;
}

export interface PodChange {
  /** `version`: nothing but where the watch is. */
  readonly type: 'there' | 'deleted' | 'version';
  readonly pod: V1Pod;
}
