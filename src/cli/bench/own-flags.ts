/** Flags of varve build that a benchmark gives itself. */
const OWN =
  /^(-f|--(file|store|metrics-file|metrics-format|progress|quiet|cache-from|cache-to|cache-repo|report|explain))(=|$)/;
/** And of buildah build. */
const PEERS_OWN = /^(-f|-q|--(file|root|runroot|layers|no-cache|quiet|cache-from|cache-to|logfile|logsplit))(=|$)/;
/** Flags that mean the same to varve build, buildah build and docker buildx build. */
const COMMON = /^--(add-host|build-arg|build-context|label|network|platform|secret|shm-size|ssh|target|ulimit)(=|$)/;

/** Whether a benchmark gives this flag of varve build itself: another one would change what is measured. */
export function isOwnFlag(flag: string): boolean {
  return OWN.test(flag);
}

/** The same of a flag of another builder. */
export function isPeersOwnFlag(flag: string): boolean {
  return PEERS_OWN.test(flag);
}

/** Whether all builders can be given this flag; the value of the flag before it can. */
export function isCommonFlag(flag: string): boolean {
  return COMMON.test(flag) || !flag.startsWith('-');
}
