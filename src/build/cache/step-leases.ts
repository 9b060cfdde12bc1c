import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { Clock } from '../../io/clock.ts';
import type { Log } from '../../io/log.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';
import { manifestSchema } from '../../oci/manifest.ts';
import { OCI_MANIFEST } from '../../oci/media-types.ts';
import { RECORD_CONFIG, RECORD_CONFIG_DESCRIPTOR } from '../../registry/cache-record.ts';
import type { RecordStore } from '../../registry/record-store.ts';

/** docs/cache-keys.md, "Leases". */
const LEASE_TYPE = 'application/vnd.varve.lease.v1+json';
const LEASE = 'vnd.varve.lease';

const leaseSchema = z.strictObject({
  holder: z.string(),
  /** Another number with each sign of life: nobody's clock is compared with another's. */
  beat: z.number().int().nonnegative(),
  state: z.enum(['held', 'free']),
});
type Lease = z.infer<typeof leaseSchema>;

/** In ms. */
export interface LeaseTimes {
  /** A lease that has not changed for so long, by the clock of who looks, has nobody any more. */
  readonly dead: number;
  readonly beat: number;
  readonly poll: number;
  /** Between writing one's name and looking whose name is there: of several that write at once, the last one has it. */
  readonly settle: number;
}

export const LEASE_TIMES: LeaseTimes = { dead: 30_000, beat: 8_000, poll: 1_000, settle: 300 };
/** How long one question may take, in ms. */
const QUESTION_MS = 10_000;

/**
 * Keeps machines that share a cache from doing the same step at the same time, as far as a registry can: it cannot compare and
 * swap, so two may both have a lease, and both do the step; their records are equally good. Nobody waits for one that does not change,
 * nobody has a lease while it waits for another, and a lease that cannot be read or written is none.
 */
export interface StepLeases {
  /**
   * Does `work` with the lease of the step, or gives what somebody else made meanwhile.
   * @param made looks for a record of the step, anew each time
   */
  hold<T>(key: Digest, made: () => Promise<T | undefined>, work: () => Promise<T>): Promise<T>;
  /** Gives the lease back once the record is where others find it. @param sent settles when it is sent, or is not going to be */
  free(key: Digest, sent: Promise<unknown>): Promise<void>;
}

export interface StepLeasesDeps {
  readonly place: Pick<RecordStore, 'name' | 'manifest' | 'putBlob' | 'putManifest'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly times?: LeaseTimes;
}

export function createStepLeases({ place, clock, log, signal, times = LEASE_TIMES }: StepLeasesDeps): StepLeases {
  const holder = randomBytes(8).toString('hex');
  const held = new Map<Digest, () => Promise<void>>();
  let config: Promise<void> | undefined;
  let isLost = false;
  const within = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(QUESTION_MS)]);
  const tagOf = (key: Digest): string => `lease-${digestHex(key)}`;

  const read = async (key: Digest): Promise<Lease | undefined> => {
    const bytes = await place.manifest(tagOf(key), within());
    return bytes && decodeLease(bytes);
  };

  const write = async (key: Digest, lease: Lease): Promise<void> => {
    config ??= place.putBlob(
      RECORD_CONFIG_DESCRIPTOR,
      () => Readable.from([Buffer.from(RECORD_CONFIG)], { objectMode: false }),
      within(),
    );
    await config;
    await place.putManifest(tagOf(key), encodeLease(lease), within());
  };

  /** Waits until nobody else has it, then takes it. @returns what was made meanwhile */
  const take = async <T>(key: Digest, made: () => Promise<T | undefined>): Promise<T | undefined> => {
    let [seen, since] = ['', clock.monotonic()];
    for (;;) {
      signal.throwIfAborted();
      const lease = await read(key);
      const isOthers = lease?.state === 'held' && lease.holder !== holder;
      const text = JSON.stringify(lease);
      if (text !== seen) [seen, since] = [text, clock.monotonic()];
      if (isOthers && clock.monotonic() - since < times.dead) {
        await sleep(times.poll, undefined, { signal });
        const found = await made();
        if (found !== undefined) return found;
        continue;
      }
      await write(key, { holder, beat: 0, state: 'held' });
      await sleep(times.settle, undefined, { signal });
      if ((await read(key))?.holder === holder) return made();
    }
  };

  /** Says that the lease is alive until it is given back. */
  const keep = (key: Digest): void => {
    let beat = 0;
    let job: Promise<unknown> = Promise.resolve();
    const say = async (state: Lease['state']): Promise<void> => {
      // Who took it over, because it saw nothing of us for long, has it.
      if ((await read(key))?.holder === holder) await write(key, { holder, beat: ++beat, state });
    };
    const next = (state: Lease['state']): Promise<unknown> => {
      job = job.then(() => say(state)).catch((error: Error) => log.debug(`the lease of a step: ${error.message}`));
      return job;
    };
    const timer = setInterval(() => void next('held'), times.beat);
    timer.unref();
    held.set(key, async () => {
      clearInterval(timer);
      await next('free');
    });
  };

  const free: StepLeases['free'] = async (key, sent) => {
    const release = held.get(key);
    if (!release) return;
    held.delete(key);
    await sent.catch(() => {});
    await release();
  };

  return {
    async hold(key, made, work) {
      if (isLost) return work();
      try {
        const found = await take(key, made);
        if (found !== undefined) {
          await freeOwn(key);
          return found;
        }
        keep(key);
      } catch (error) {
        signal.throwIfAborted();
        isLost = true;
        log.warn(`${place.name}: steps are done without leases: ${(error as Error).message}`);
      }
      try {
        return await work();
      } catch (error) {
        await free(key, Promise.resolve());
        throw error;
      }
    },
    free,
  };

  /** A record was there when the lease was taken: others need not wait for it. */
  async function freeOwn(key: Digest): Promise<void> {
    if ((await read(key))?.holder === holder) await write(key, { holder, beat: 0, state: 'free' });
  }
}

function encodeLease(lease: Lease): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: LEASE_TYPE,
      config: RECORD_CONFIG_DESCRIPTOR,
      layers: [RECORD_CONFIG_DESCRIPTOR],
      annotations: { [LEASE]: JSON.stringify(lease) },
    }),
  );
}

/** Undefined for what is none: nobody waits for it. */
function decodeLease(bytes: Buffer): Lease | undefined {
  try {
    const { artifactType, annotations } = manifestSchema.parse(JSON.parse(bytes.toString()));
    if (artifactType !== LEASE_TYPE) return undefined;
    return leaseSchema.parse(JSON.parse(annotations?.[LEASE] ?? ''));
  } catch {
    return undefined;
  }
}
