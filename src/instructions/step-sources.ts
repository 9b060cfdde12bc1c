import type { SourceRef, Step } from './step.ts';

/** The stages, images and contexts that a step reads from, besides the filesystem it changes. */
export function stepSources(step: Step): SourceRef[] {
  if (step.kind === 'workdir') return [];
  if (step.kind !== 'run') return [step.from];
  return step.mounts.flatMap((mount) => ('from' in mount && mount.from ? [mount.from] : []));
}
