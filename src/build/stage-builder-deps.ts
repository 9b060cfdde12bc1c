import type { Contexts } from './contexts.ts';
import type { EarlyPushes } from './early-pushes.ts';
import type { Images } from './images.ts';
import type { StepRecord } from './records.ts';
import type { Services } from './services.ts';
import type { Slots } from './slots.ts';
import type { StepGraph } from './step-graph.ts';
import type { MountFactory } from './step-mounts.ts';
import type { StepOutcomes } from './step-outcomes.ts';
import type { Transfers } from './transfers.ts';

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
  /** Told how each step comes out. */
  readonly outcomes: StepOutcomes;
  /** Steps that run or have run in this build, by key. */
  readonly running: Map<string, Promise<StepRecord>>;
}
