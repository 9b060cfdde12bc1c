import type { Contexts } from './contexts.ts';
import { contextKey, type NamedContext } from './named-context.ts';

const NAME = 'SOURCE_DATE_EPOCH';

/**
 * The build arguments with SOURCE_DATE_EPOCH as a number where it was `context` or the name of a named context: the time
 * of the commit, of Last-Modified, or of the newest file of an archive. A directory has none: then it is not given.
 * @see moby/buildkit frontend/dockerfile/docs/reference.md
 */
export async function withContextEpoch(
  buildArgs: ReadonlyMap<string, string>,
  contexts: Contexts,
  named: ReadonlyMap<string, NamedContext>,
): Promise<ReadonlyMap<string, string>> {
  const value = buildArgs.get(NAME);
  if (value === undefined) return buildArgs;
  const key = contextKey(value);
  const kind = value === 'context' ? 'main' : named.get(key)?.kind;
  if (kind === undefined || kind === 'image' || kind === 'oci-layout') return buildArgs;
  const { epoch } = kind === 'main' ? await contexts.main() : await contexts.named(key);
  const seconds = await epoch?.();
  const args = new Map(buildArgs);
  if (seconds === undefined) args.delete(NAME);
  else args.set(NAME, String(seconds));
  return args;
}
