import type { Services } from '../../services.ts';

/** Saves what is new in the cache mounts that builds have used, once each. @param all the services of each build */
export async function saveMounts(all: readonly Pick<Services, 'savedMounts' | 'mountUses'>[]): Promise<void> {
  const uses = new Map(all.flatMap(({ mountUses }) => [...mountUses]));
  for (const { mountUses } of all) mountUses.clear();
  await all[0]?.savedMounts?.save(uses.values());
}
