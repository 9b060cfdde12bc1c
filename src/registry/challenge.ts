/** One challenge of a WWW-Authenticate header; scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const PARAMETER = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;
const SPACE = /[ \t]*/y;
const SEPARATOR = /[ \t,]*/y;

/**
 * Reads the header's challenges in order; what cannot be read ends the list.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(header);
    if (!found) return undefined;
    at = pattern.lastIndex;
    return found;
  };
  for (;;) {
    match(SEPARATOR);
    const scheme = match(TOKEN);
    if (!scheme) return challenges;
    const parameters: Record<string, string> = Object.create(null);
    for (;;) {
      const before = at;
      match(SEPARATOR);
      const parameter = match(PARAMETER);
      if (!parameter) {
        at = before;
        break;
      }
      const name = (parameter[1] as string).toLowerCase();
      parameters[name] ??= parameter[2]?.replace(/\\(.)/g, '$1') ?? (parameter[3] as string);
    }
    match(SPACE);
    challenges.push({ scheme: scheme[0].toLowerCase(), parameters });
  }
}

/** The one that we can answer best: a token before a password. */
export function chooseChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  return (
    challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.realm) ??
    challenges.find(({ scheme }) => scheme === 'basic')
  );
}
