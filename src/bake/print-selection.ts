import type { Selection } from './select-targets.ts';
import { TARGET_KEYS } from './target.ts';

/** Texts in which a bake file would take `${` and `%{` for templates. */
const ESCAPED: ReadonlySet<string> = new Set(['annotations', 'dockerfile-inline', 'labels', 'args', 'extra-hosts']);

/** What `--print` shows: a JSON bake file of the same targets. */
export function printSelection({ groups, targets }: Selection): string {
  const document = {
    ...(groups.size ? { group: Object.fromEntries(groups) } : {}),
    target: Object.fromEntries([...targets].map(([name, target]) => [name, printTarget(target)])),
  };
  // As Go's encoder.
  return JSON.stringify(document, null, 2).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function printTarget(target: Selection['targets'] extends ReadonlyMap<string, infer T> ? T : never): object {
  const known = TARGET_KEYS.filter((name) => name !== 'inherits' && target[name] !== undefined);
  return Object.fromEntries(known.map((name) => [name, ESCAPED.has(name) ? escaped(target[name]) : target[name]]));
}

function escaped(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${').replaceAll('%{', '%%{');
  if (Array.isArray(value)) return value.map(escaped);
  return Object.fromEntries(Object.entries(value as object).map(([name, each]) => [name, escaped(each)]));
}
