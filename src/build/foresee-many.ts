import type { JointBuild } from './build.ts';
import type { JointTarget } from './build-many.ts';
import type { NamedContext } from './contexts/named-context.ts';
import { createSharedDirectories } from './contexts/shared-directories.ts';
import { type Foreseen, foresee } from './foresee.ts';

/** What one target would come to; one that stands on a target whose image is not known yet is not looked into. */
export type ForeseenTarget = Foreseen | { readonly status: 'changed'; readonly because: string };

/**
 * Says of several images what a build of them would do. As in buildMany() a context is scanned once, and a base image is
 * asked for once.
 * @throws the first target's error
 */
export async function foreseeMany(
  targets: readonly Pick<JointTarget, 'name' | 'request' | 'services' | 'links'>[],
): Promise<ReadonlyMap<string, ForeseenTarget>> {
  const joint: JointBuild = { running: new Map(), images: new Map(), directories: createSharedDirectories() };
  const byName = new Map(targets.map((target) => [target.name, target]));
  const memo = new Map<string, Promise<ForeseenTarget>>();

  const of = (name: string): Promise<ForeseenTarget> => {
    const known = memo.get(name) ?? look(byName.get(name)!);
    memo.set(name, known);
    return known;
  };

  const look = async ({ request, services, links }: (typeof targets)[number]): Promise<ForeseenTarget> => {
    const contexts: [string, NamedContext][] = [];
    for (const [key, other] of links) {
      const found = await of(other);
      if (!('images' in found) || !found.images) return { status: 'changed', because: `it needs ${other}` };
      contexts.push([key, { kind: 'built', images: found.images }]);
    }
    const namedContexts = new Map([...request.namedContexts, ...contexts]);
    return foresee({ ...request, namedContexts, joint }, services);
  };

  const settled = await Promise.allSettled(targets.map(({ name }) => of(name)));
  await joint.directories.flush();
  for (const each of settled) if (each.status === 'rejected') throw each.reason;
  return new Map(await Promise.all(targets.map(async ({ name }) => [name, await of(name)] as const)));
}
