/** Where values of variables come from. A Map is one. */
export interface Env {
  /** The value, possibly empty, or undefined when the variable is not set. */
  get(name: string): string | undefined;
}

/** An Env over `NAME=value` entries, as image configs have them: the last one wins, no `=` is an empty value. */
export function envFromList(entries: readonly string[]): Env {
  const values = new Map<string, string>();
  for (const entry of entries) {
    const at = entry.indexOf('=');
    if (at < 0) values.set(entry, '');
    else values.set(entry.slice(0, at), entry.slice(at + 1));
  }
  return values;
}
