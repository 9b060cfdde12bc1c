import { fixedClock } from '../../src/io/clock.ts';
import { silentLog } from '../../src/io/log.ts';
import { defaultRetryPolicy } from '../../src/io/retry.ts';
import type { Counters } from '../../src/registry/counters.ts';
import { createRegistryClient, type RegistryClientOptions } from '../../src/registry/create-registry-client.ts';
import { anonymous, type CredentialSource } from '../../src/registry/credential-source.ts';
import type { RegistryClient } from '../../src/registry/registry-client.ts';

export interface TestClient extends RegistryClient, AsyncDisposable {
  readonly counts: Map<string, number>;
  /** The waits between retries, in ms, which were not waited. */
  readonly waits: number[];
}

/** A client that doesn't wait between retries. */
export function testClient(options: Partial<RegistryClientOptions> = {}): TestClient {
  const counts = new Map<string, number>();
  const waits: number[] = [];
  const counters: Counters = { add: (name, amount = 1) => void counts.set(name, (counts.get(name) ?? 0) + amount) };
  const client = createRegistryClient({
    credentials: anonymous,
    insecureRegistries: [],
    userAgent: 'varve-test/1',
    log: silentLog,
    clock: fixedClock(0),
    counters,
    retryPolicy: {
      ...defaultRetryPolicy,
      random: () => 0,
      sleep: async (ms) => {
        waits.push(ms);
      },
    },
    ...options,
  });
  return { ...client, counts, waits, [Symbol.asyncDispose]: () => client.close() };
}

export function passwordFor(username: string, password: string): CredentialSource {
  return { credential: async () => ({ kind: 'password', username, password }) };
}
