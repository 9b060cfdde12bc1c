import type { BuildRequest, JointBuild } from './build.ts';
import { buildImage } from './build-image.ts';
import type { NamedContext } from './contexts/named-context.ts';
import { createSharedDirectories } from './contexts/shared-directories.ts';
import type { BuildResult } from './images/build-result.ts';
import { saveMounts } from './mounts/saved/save-mounts.ts';
import { type LinkedOutcome, runLinked } from './run-linked.ts';
import type { Services } from './services.ts';

/** One of several images that are built as one graph. */
export interface JointTarget {
  readonly name: string;
  readonly request: BuildRequest;
  /** What is told of it, and which cache mounts it uses, goes by its own services. */
  readonly services: Services;
  /** Targets whose images are contexts of this one, by the contexts' keys. */
  readonly links: ReadonlyMap<string, string>;
  readonly deliver: (result: BuildResult) => Promise<void>;
}

/** How one target came out. */
export type TargetOutcome = LinkedOutcome<BuildResult>;

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
  const linked = targets.map((target) => ({ name: target.name, needs: [...target.links.values()], target }));
  const outcomes = await runLinked<(typeof linked)[number], BuildResult>(
    linked,
    ({ target: { request, services, links, deliver } }, needed) => {
      const contexts = [...links].map(([key, other]): [string, NamedContext] => [
        key,
        { kind: 'built', images: needed.get(other)!.images },
      ]);
      const namedContexts = new Map([...request.namedContexts, ...contexts]);
      return buildImage({ ...request, namedContexts, joint }, services, deliver);
    },
    giveUp,
  );
  await joint.directories.flush();
  const built = new Set([...outcomes].flatMap(([name, { status }]) => (status === 'built' ? [name] : [])));
  await saveMounts(targets.flatMap(({ name, services }) => (built.has(name) ? [services] : [])));
  return outcomes;
}
