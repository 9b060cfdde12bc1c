/** Keeps secrets out of messages. One is made for each client and learns every secret that the client uses. */
export interface Redactor {
  /** From now on this text (and its URL-encoded form) is hidden. Texts shorter than 4 characters hide nothing. */
  hide(secret: string): void;
  /** The text with every known secret replaced. */
  text(text: string): string;
  /** What it hides, for others that hide. */
  known(): readonly string[];
}

export const REDACTED = '[redacted]';

/** Shorter secrets would hide half of every message and are guessed at once anyway. */
const SHORTEST_SECRET = 4;

export function createRedactor(): Redactor {
  const secrets = new Set<string>();
  return {
    hide(secret) {
      if (secret.length < SHORTEST_SECRET) return;
      secrets.add(secret);
      secrets.add(encodeURIComponent(secret));
    },
    text(text) {
      let result = text;
      const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
      for (const secret of longestFirst) result = result.replaceAll(secret, REDACTED);
      return result;
    },
    known: () => [...secrets],
  };
}

/**
 * A URL that can be shown: without user and password, and without the values of its query (signed URLs carry their
 * signature there).
 */
export function redactUrl(url: string | URL): string {
  if (!URL.canParse(String(url))) return REDACTED;
  const copy = new URL(String(url));
  copy.username = '';
  copy.password = '';
  copy.hash = '';
  const names = [...new Set(copy.searchParams.keys())];
  copy.search = '';
  return names.length === 0 ? copy.href : `${copy.href}?${names.map((name) => `${name}=…`).join('&')}`;
}
