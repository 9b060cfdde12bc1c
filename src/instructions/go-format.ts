/** Text as Go's %q prints it, so that history lines read as BuildKit's. */
export function quoteGo(text: string): string {
  const escapes: Record<string, string> = {
    '"': '\\"',
    '\\': '\\\\',
    '\n': '\\n',
    '\t': '\\t',
    '\r': '\\r',
    '\x07': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\v': '\\v',
  };
  const body = text.replace(
    /["\\\p{Cc}]/gu,
    (char) => escapes[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `"${body}"`;
}

const NS_PER_SECOND = 1e9;

/** A duration in ns as Go's time.Duration prints it: `1m30s`, `1.5s`, `300ms`. */
export function formatGoDuration(ns: number): string {
  if (ns === 0) return '0s';
  if (ns < 1e3) return `${ns}ns`;
  if (ns < 1e6) return `${ns / 1e3}µs`;
  if (ns < NS_PER_SECOND) return `${ns / 1e6}ms`;
  const total = Math.floor(ns / NS_PER_SECOND);
  const seconds = (total % 60) + (ns % NS_PER_SECOND) / NS_PER_SECOND;
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600);
  return `${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${seconds}s`;
}
