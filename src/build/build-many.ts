import { VarveError } from '../errors.ts';
import type { BuildRequest, JointBuild } from './build.ts';
import { buildImage } from './build-image.ts';
import type { NamedContext } from './contexts/named-context.ts';
import { createSharedDirectories } from './contexts/shared-directories.ts';
import type { BuildResult } from './images/build-result.ts';
import { saveMounts } from './mounts/saved/save-mounts.ts';
import type { Services } from './services.ts';

/** One of several images that are built as one graph. */
export interface JointTarget {
  readonly name: string;
  readonly request: BuildRequest;
  /** What is told of it, and which cache mounts it uses, goes by its own services. */
  readonly services: Services;
  /** Targets whose images are contexts of this one, by the contexts' keys. */
  readonly links: ReadonlyMap<string, string>;
  deliver(result: BuildResult): Promise<void>;
}

/** How one target came out. */
export type TargetOutcome =
  | { readonly status: 'built'; readonly result: BuildResult }
  | { readonly status: 'failed'; readonly error: unknown }
  /** A target that it needs failed, or the others were given up. */
  | { readonly status: 'skipped'; readonly because: string };

/**
 * Builds several images as one graph: a context directory is scanned once, equal steps run once whatever image they are
 * for, and what has its inputs runs at once, as far as the services' limit lets it.
 *
 * @param giveUp is called when a target fails and nothing more shall run; what does not depend on it is built on without
 * @returns each target's outcome; it does not throw for a target that fails
 */
export async function buildMany(
  targets: readonly JointTarget[],
  giveUp: ((error: unknown) => void) | undefined,
): Promise<ReadonlyMap<string, TargetOutcome>> {
  const joint: JointBuild = { running: new Map(), images: new Map(), directories: createSharedDirectories() };
  const byName = new Map(targets.map((target) => [target.name, target]));
  const outcomes = new Map<string, Promise<TargetOutcome>>();
  let isGivenUp = false;

  const outcomeOf = (name: string): Promise<TargetOutcome> => {
    const known = outcomes.get(name);
    if (known) return known;
    const promise = attempt(byName.get(name)!);
    outcomes.set(name, promise);
    return promise;
  };

  const attempt = async (target: JointTarget): Promise<TargetOutcome> => {
    const contexts: [string, NamedContext][] = [];
    for (const [key, other] of target.links) {
      const outcome = await outcomeOf(other);
      if (outcome.status !== 'built') return { status: 'skipped', because: `it needs ${other}` };
      contexts.push([key, { kind: 'built', images: outcome.result.images }]);
    }
    if (isGivenUp) return { status: 'skipped', because: 'another target failed' };
    const namedContexts = new Map([...target.request.namedContexts, ...contexts]);
    try {
      const request = { ...target.request, namedContexts, joint };
      return { status: 'built', result: await buildImage(request, target.services, target.deliver) };
    } catch (error) {
      // The first failure is the one that stopped the others.
      if (isGivenUp && !(error instanceof VarveError)) return { status: 'skipped', because: 'another target failed' };
      isGivenUp ||= giveUp !== undefined;
      giveUp?.(error);
      return { status: 'failed', error };
    }
  };

  const all = await Promise.all(targets.map(async ({ name }) => [name, await outcomeOf(name)] as const));
  await joint.directories.flush();
  const built = new Set(all.flatMap(([name, { status }]) => (status === 'built' ? [name] : [])));
  await saveMounts(targets.flatMap(({ name, services }) => (built.has(name) ? [services] : [])));
  return new Map(all);
}
