import type { BytePath } from '../../io/byte-path.ts';
import type { StepRecord } from '../cache/records.ts';
import type { Contexts } from '../contexts/contexts.ts';
import type { Transfers } from '../contexts/transfers.ts';
import type { Images } from '../images/images.ts';
import type { MountFactory } from '../mounts/step-mounts.ts';
import type { EarlyPushes } from '../output/early-pushes.ts';
import type { Services } from '../services.ts';
import type { Slots } from './slots.ts';
import type { StepGraph } from './step-graph.ts';
import type { StepOutcomes } from './step-outcomes.ts';

/** What building stages needs: the services, and what belongs to one build. */
export interface StageBuilderDeps {
  readonly services: Services;
  readonly graph: StepGraph;
  readonly images: Images;
  readonly contexts: Contexts;
  readonly transfers: Transfers;
  readonly mounts: MountFactory;
  readonly slots: Slots;
  /** Takes the layers of the target as soon as they are there. */
  readonly pushes: EarlyPushes;
  readonly useCache: boolean;
  /** Paths, without a slash at either end, at and below which no step changes anything. */
  readonly ignorePaths: readonly BytePath[];
  /** Told how each step comes out. */
  readonly outcomes: StepOutcomes;
  /** Steps that run or have run in this build, by key. */
  readonly running: Map<string, Promise<StepRecord>>;
}
