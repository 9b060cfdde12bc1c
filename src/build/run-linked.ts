import { VarveError } from '../errors.ts';

/** How one of several things that need each other came out. */
export type LinkedOutcome<T> =
  | { readonly status: 'built'; readonly result: T }
  | { readonly status: 'failed'; readonly error: unknown }
  /** One that it needs failed, or the others were given up. */
  | { readonly status: 'skipped'; readonly because: string };

/** @param needs names of those that must be there before; none leads to itself */
export interface Linked {
  readonly name: string;
  readonly needs: readonly string[];
}

/**
 * Does `work` for each, at once for all that have what they need.
 *
 * @param giveUp is called when one fails and nothing more shall begin; what does not need it goes on without
 * @returns each outcome, in the order of `all`; it does not throw for one that fails
 */
export async function runLinked<L extends Linked, T>(
  all: readonly L[],
  work: (one: L, needed: ReadonlyMap<string, T>) => Promise<T>,
  giveUp: ((error: unknown) => void) | undefined,
): Promise<ReadonlyMap<string, LinkedOutcome<T>>> {
  const byName = new Map(all.map((one) => [one.name, one]));
  const outcomes = new Map<string, Promise<LinkedOutcome<T>>>();
  /** The failure that everything was given up for. */
  const given: unknown[] = [];

  const outcomeOf = (name: string): Promise<LinkedOutcome<T>> => {
    const known = outcomes.get(name);
    if (known) return known;
    const promise = attempt(byName.get(name)!);
    outcomes.set(name, promise);
    return promise;
  };

  const attempt = async (one: L): Promise<LinkedOutcome<T>> => {
    const needed = new Map<string, T>();
    for (const other of one.needs) {
      const outcome = await outcomeOf(other);
      if (outcome.status !== 'built') return { status: 'skipped', because: `it needs ${other}` };
      needed.set(other, outcome.result);
    }
    if (given.length) return { status: 'skipped', because: 'another target failed' };
    try {
      return { status: 'built', result: await work(one, needed) };
    } catch (error) {
      // The first failure is the one that stopped the others.
      if (given.length && (given.includes(error) || !(error instanceof VarveError)))
        return { status: 'skipped', because: 'another target failed' };
      if (giveUp) given.push(error);
      giveUp?.(error);
      return { status: 'failed', error };
    }
  };

  return new Map(await Promise.all(all.map(async ({ name }) => [name, await outcomeOf(name)] as const)));
}
