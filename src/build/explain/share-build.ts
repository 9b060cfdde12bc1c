import { randomBytes } from 'node:crypto';
import type { BuildList } from '../cache/build-list.ts';
import type { Services } from '../services.ts';
import type { BuildRecord } from './build-record.ts';
import { keyedMark } from './conceal.ts';
import { describeBuild, type EndedBuild } from './record-build.ts';
import {
  decodeSharedBuilds,
  encodeSharedBuilds,
  type SharedBuilds,
  sharedBuildsKey,
  withBuild,
} from './shared-builds.ts';

/** Bytes of the key of a list's marks. */
const SALT_BYTES = 16;

/**
 * Asks the caches what earlier builds on other machines were made of, when there is a miss to explain, and tells the cache
 * that is written to of this one. Nothing of it is a reason for a build to fail.
 */
export async function shareBuild(
  build: EndedBuild,
  record: BuildRecord,
  { history, meter, remote, log }: Pick<Services, 'history' | 'meter' | 'remote' | 'log'>,
): Promise<void> {
  if (!remote) return;
  const key = sharedBuildsKey(build.owner);
  const { id, durationMs, spent = meter.total() } = record;
  const told = (mark: (value: string) => string): SharedBuilds => {
    const described = describeBuild(build, { id, durationMs, spent }, { mark, meter, known: new Set() });
    return { ...described, builds: [described.record] };
  };

  const learn = async (): Promise<void> => {
    const list = await remote.records.builds(key);
    if (!list) return;
    const [theirs, ours] = [keyedMark(Buffer.from(list.salt, 'hex')), keyedMark(await history.key())];
    // A secret that is still the same has the same mark then.
    const marks = new Map<string, string>();
    told((value) => {
      marks.set(theirs(value), ours(value));
      return '';
    });
    const shared = await decodeSharedBuilds(list.bytes, marks);
    const builds = shared.builds.map((each) => ({ ...each, from: list.from }));
    await history.addShared(record, { ...shared, builds });
  };

  const next = async (old: BuildList | undefined): Promise<BuildList | undefined> => {
    const salt = old?.salt ?? randomBytes(SALT_BYTES).toString('hex');
    const earlier = old && (await decodeSharedBuilds(old.bytes).catch(() => undefined));
    const bytes = await encodeSharedBuilds(withBuild(earlier, told(keyedMark(Buffer.from(salt, 'hex')))));
    return bytes && { bytes, salt };
  };

  const misses = record.steps.filter(({ status }) => status === 'miss' || status === 'failed');
  try {
    if (misses.some(({ refusal }) => refusal !== 'no-cache' && refusal !== 'no-cache-filter')) await learn();
  } catch (error) {
    log.debug(`builds on other machines are not known: ${(error as Error).message}`);
  }
  remote.uploads?.addBuilds(key, misses.length > 0, next);
}
