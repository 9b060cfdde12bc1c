import { hash } from 'node:crypto';
import parseExpression from 'spdx-expression-parse';
import identifiers from 'spdx-license-ids/index.json' with { type: 'json' };

/** A licence as SPDX says it: an expression, and the texts of those that SPDX has no name for. */
export interface LicenseExpression {
  readonly expression: string;
  /** By `LicenseRef-…`: what the package itself says. */
  readonly references: ReadonlyMap<string, string>;
}

/** Longer ones are no expression. */
const LENGTH_LIMIT = 512;
/** What Debian calls otherwise. @see https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/#license-specification */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({
    expat: 'MIT',
    psf: 'PSF-2.0',
    'apache license 2.0': 'Apache-2.0',
    'apache software license': 'Apache-2.0',
    'mit license': 'MIT',
    'bsd license': 'BSD-3-Clause',
    'isc license (iscl)': 'ISC',
    'mozilla public license 2.0 (mpl 2.0)': 'MPL-2.0',
    'apache 2.0': 'Apache-2.0',
  }),
);

/** All that a package says of its licence, as one expression; undefined when it says nothing. */
export function licenseExpression(texts: readonly string[]): LicenseExpression | undefined {
  const references = new Map<string, string>();
  const parts = [...new Set(texts.map((text) => oneExpression(text, references)))].sort();
  const [first] = parts;
  if (first === undefined) return undefined;
  const expression =
    parts.length === 1 ? first : parts.map((part) => (/\s/.test(part) ? `(${part})` : part)).join(' AND ');
  return { expression, references };
}

function oneExpression(text: string, references: Map<string, string>): string {
  if (isExpression(text)) return text;
  const named = knownName(text);
  if (named !== undefined) return named;
  const own = new Map<string, string>();
  const tokens = text.split(/(\s+(?:and|or)\s+|[()])/i).map((token) => {
    const word = token.trim();
    if (/^(and|or)$/i.test(word)) return ` ${word.toUpperCase()} `;
    if (word === '' || word === '(' || word === ')') return word;
    return isExpression(word) ? word : (knownName(word) ?? reference(word, own));
  });
  const expression = tokens.join('');
  if (!isExpression(expression)) return reference(text, references);
  for (const [name, said] of own) references.set(name, said);
  return expression;
}

function isExpression(text: string): boolean {
  if (text.length > LENGTH_LIMIT) return false;
  try {
    parseExpression(text);
    return true;
  } catch {
    return false;
  }
}

/** The identifier that is meant by another spelling: `gpl-2+`, `LGPLv2.1`, `Expat`, `bsd-3-clause`. */
function knownName(text: string): string | undefined {
  const lower = text.toLowerCase();
  const other = OTHER_NAMES.get(lower);
  if (other !== undefined) return other;
  const gnu = /^(agpl|lgpl|gpl|gfdl)(?:-?v|-)?(\d)(?:\.(\d))?(\+)?$/.exec(lower);
  if (gnu) {
    const id = `${gnu[1]!.toUpperCase()}-${gnu[2]}.${gnu[3] ?? 0}-${gnu[4] ? 'or-later' : 'only'}`;
    if (identifiers.includes(id)) return id;
  }
  return identifiers.find((id) => id.toLowerCase() === lower);
}

function reference(text: string, references: Map<string, string>): string {
  const plain = text.replace(/[^A-Za-z0-9.-]+/g, '-').replace(/^-+|-+$/g, '');
  // Two texts may come to one name; a hash tells them apart where the name is not the text itself.
  const name = `LicenseRef-${plain === text ? plain : `${plain.slice(0, 40)}-${hash('sha256', text, 'hex').slice(0, 8)}`}`;
  references.set(name, text);
  return name;
}
