import type { EndedBuild } from './record-build.ts';

/** Lists what steps that missed took from stages, where nobody had to have the names until now. */
export async function listTaken({ stages, outcomes }: Pick<EndedBuild, 'stages' | 'outcomes'>): Promise<void> {
  for (const keyed of stages.flat().flatMap(({ steps }) => steps)) {
    const { status } = outcomes.of(keyed);
    if (status !== 'miss' && status !== 'failed') continue;
    for (const source of keyed.sources) {
      const taken = outcomes.taken(source);
      const lines = taken?.lines ?? (await taken?.list?.().catch(() => undefined)); // an explanation without names
      if (taken && lines) outcomes.took(source, { ...taken, lines });
    }
  }
}
