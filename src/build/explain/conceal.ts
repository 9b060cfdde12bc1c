import { createHmac } from 'node:crypto';

import type { KeyValue } from '../../dockerfile/ast.ts';
import { looksSecret } from '../../dockerfile/secret-name.ts';
import { redactUrl } from '../../io/redact.ts';

/** Keeps what looks like a secret out of what is stored: a mark that changes with the value stands in its place. */
export interface Concealer {
  /** A variable's value, by its name. */
  variable(name: string, value: string): string;
  /** Any other text: the known secrets in it, and what URLs carry besides their place. */
  text(text: string): string;
}

/** Shorter values are everywhere, and guessed at once. */
const SHORTEST_SECRET = 4;
/** Words that switches have for values: `USE_AUTH=true` says nothing of another `true`. */
const PLAIN = /^(?:true|false|none|null|auto|default|enabled?|disabled?|required|optional|basic|bearer|digest)$/i;
/** Names that the check lets pass because Dockerfiles are full of them, and that a history does better without: parts of words. */
const SUSPICIOUS =
  /passw(?:or)?d|passphrase|secret|token|api_?key|credential|private_?key|(?:^|_)(?:pat|pass|pwd|jwt|bearer|cookie|dsn)$/i;
const HARMLESS = /(?:^|_)(?:public|file|version|sock)(?:_|$)|^PWD$/i;
/** Hex digits of a mark: enough to tell "changed", too few to search a value by. */
const MARK_DIGITS = 12;
/** URLs with a user, a password or a query. */
const URLS = /[a-z][a-z0-9+.-]{0,30}:\/\/[^\s"'<>\\]*[@?][^\s"'<>\\]*/gi;

/** A mark that tells one value from another. @param key random, the store's own: without it nobody can try values */
export function keyedMark(key: Buffer): (value: string) => string {
  return (value) => `[hidden ${createHmac('sha256', key).update(value).digest('hex').slice(0, MARK_DIGITS)}]`;
}

/**
 * @param mark what stands in a secret's place
 * @param variables all that the stage knows; the values of those that look secret are hidden wherever they turn up
 * @param given other secrets
 */
export function createConcealer(
  mark: (value: string) => string,
  variables: readonly KeyValue[],
  given: readonly string[] = [],
): Concealer {
  const secrets = new Set(given.filter((secret) => secret.length >= SHORTEST_SECRET));
  const learn = (value: string): void => {
    if (value.length >= SHORTEST_SECRET && !PLAIN.test(value)) secrets.add(value);
  };
  for (const { key: name, value } of variables) {
    if (isSecretName(name)) learn(value);
    for (const [url] of value.matchAll(URLS)) if (URL.canParse(url)) learn(new URL(url).password);
  }
  // Texts in JSON have their values escaped, and so have URLs.
  for (const value of [...secrets]) {
    secrets.add(JSON.stringify(value).slice(1, -1));
    secrets.add(encodeURIComponent(value));
  }
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  return {
    variable(name, value) {
      return isSecretName(name) && value !== '' ? mark(value) : this.text(value);
    },
    text(text) {
      // A secret that is in a URL leaves nothing that reads as one; one that is a URL goes as a whole.
      const without = (rest: string, isUrl: boolean): string =>
        longestFirst
          .filter((secret) => secret.includes('://') === isUrl)
          .reduce((before, secret) => before.replaceAll(secret, () => mark(secret)), rest);
      if (!text.includes('://')) return without(text, false);
      const shown = without(text, true).replace(URLS, (url) => {
        const redacted = redactUrl(url);
        return redacted === url || redacted === `${url}/` ? url : `${redacted} ${mark(url)}`;
      });
      return without(shown, false);
    },
  };
}

/** Whether the value of a variable is hidden: the check's names, and parts of words, in whatever case. */
function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll('-', '_');
  return (looksSecret(words) || SUSPICIOUS.test(words)) && !HARMLESS.test(words);
}
