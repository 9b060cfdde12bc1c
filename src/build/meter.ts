import { AsyncLocalStorage } from 'node:async_hooks';
import type { Digest } from '../oci/digest.ts';
import type { Counters } from '../registry/counters.ts';

/** What was spent on registries and caches. */
export interface Spent {
  readonly requests: number;
  /** Bytes of blobs. */
  readonly received: number;
  readonly sent: number;
}

/** Counts what registries cost, for each step on whose account it is. */
export interface Meter extends Counters {
  /** What the work asks of registries, now or later, is on the step's account. */
  within<T>(step: Digest, work: () => T): T;
  total(): Spent;
  of(step: Digest): Spent;
}

const FIELDS = {
  'registry.requests': 'requests',
  'registry.bytes.received': 'received',
  'registry.bytes.sent': 'sent',
} as const;

export function createMeter(): Meter {
  const account = new AsyncLocalStorage<Digest>();
  const all = { requests: 0, received: 0, sent: 0 };
  const steps = new Map<Digest, typeof all>();
  return {
    add(name, amount = 1) {
      const field = FIELDS[name as keyof typeof FIELDS];
      if (field === undefined) return;
      all[field] += amount;
      const step = account.getStore();
      if (step === undefined) return;
      const own = steps.get(step) ?? { requests: 0, received: 0, sent: 0 };
      own[field] += amount;
      steps.set(step, own);
    },
    within: (step, work) => account.run(step, work),
    total: () => ({ ...all }),
    of: (step) => ({ requests: 0, received: 0, sent: 0, ...steps.get(step) }),
  };
}
