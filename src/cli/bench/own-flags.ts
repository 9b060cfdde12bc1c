/** Flags of varve build that a benchmark gives itself. */
const OWN = /^(-f|--(file|store|metrics-file|metrics-format|progress|quiet|cache-from|cache-to|report|explain))(=|$)/;

/** Whether a benchmark gives this flag of varve build itself: another one would change what is measured. */
export function isOwnFlag(flag: string): boolean {
  return OWN.test(flag);
}
