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
/** Hex digits of a mark: enough to tell "changed", too few to search a value by. */
const MARK_DIGITS = 12;
/** URLs with a user, a password or a query. */
const URLS = /[a-z][a-z0-9+.-]*:\/\/[^\s"'<>\\]*[@?][^\s"'<>\\]*/gi;

/**
 * @param key random, the store's own: without it nobody can try values
 * @param variables all that the stage knows; the values of those that look secret are hidden wherever they turn up
 */
export function createConcealer(key: Buffer, variables: readonly KeyValue[]): Concealer {
  const mark = (value: string): string =>
    `[hidden ${createHmac('sha256', key).update(value).digest('hex').slice(0, MARK_DIGITS)}]`;
  const secrets = new Set<string>();
  for (const { key: name, value } of variables)
    if (looksSecret(name) && value.length >= SHORTEST_SECRET) secrets.add(value);
  // Texts in JSON have their values escaped.
  for (const value of [...secrets]) secrets.add(JSON.stringify(value).slice(1, -1));
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  return {
    variable(name, value) {
      return looksSecret(name) && value !== '' ? mark(value) : this.text(value);
    },
    text(text) {
      let result = text;
      for (const secret of longestFirst) result = result.replaceAll(secret, mark(secret));
      if (!result.includes('://')) return result;
      return result.replace(URLS, (url) => {
        const shown = redactUrl(url);
        return shown === url || shown === `${url}/` ? url : `${shown} ${mark(url)}`;
      });
    },
  };
}
