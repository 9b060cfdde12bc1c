import type { TreeStore } from '../../snapshot/tree.ts';
import type { Records } from '../cache/records.ts';
import type { BuildRecord } from '../explain/build-record.ts';
import { type Explanation, explainBuild } from '../explain/explain-build.ts';
import type { History } from '../explain/history.ts';
import { criticalPath } from './critical-path.ts';
import { type ImageContents, imageContents } from './image-contents.ts';

/** All that a report says of a build. */
export interface BuildReport {
  readonly build: BuildRecord;
  readonly explanation: Explanation;
  /** The build of the same name and Dockerfile before it. */
  readonly previous?: BuildRecord;
  /** Ids of steps. */
  readonly critical: readonly string[];
  readonly images: readonly ImageContents[];
}

/** @param builds newest first; the build itself may be among them */
export async function gatherReport(
  build: BuildRecord,
  builds: readonly BuildRecord[],
  known: {
    readonly history: Pick<History, 'inputs' | 'taken' | 'sharedBuilds'>;
    readonly trees: TreeStore;
    readonly records: Pick<Records, 'tree'>;
  },
): Promise<BuildReport> {
  const previous = builds.find(
    ({ id, started, name, dockerfile }) =>
      id !== build.id && started <= build.started && name === build.name && dockerfile === build.dockerfile,
  );
  return {
    build,
    explanation: await explainBuild(build, builds, known.history),
    ...(previous ? { previous } : {}),
    critical: criticalPath(build),
    images: await Promise.all((build.images ?? []).map((image) => imageContents(image, build, known))),
  };
}
