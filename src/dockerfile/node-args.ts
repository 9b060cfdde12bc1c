import { parseJsonForm } from './json-form.ts';
import { parseNameValues, splitWords } from './name-values.ts';
import { BLANKS } from './split-instruction.ts';
import { isSpace, trimSpaceLeft } from './white-space.ts';

export interface NodeArgs {
  readonly args: readonly string[];
  readonly json: boolean;
}

/**
 * An instruction's arguments, each in its own way. An unknown one has none: it is refused later.
 *
 * @throws VarveError DOCKERFILE_SYNTAX
 */
export function parseArgs(name: string, rest: string, escapeChar: string): NodeArgs {
  switch (name.toLowerCase()) {
    case 'run':
    case 'cmd':
    case 'entrypoint':
    case 'shell':
      return jsonOr(rest, whole);
    case 'add':
    case 'copy':
    case 'volume':
      return jsonOr(rest, words);
    case 'from':
    case 'expose':
      return plain(words(rest));
    case 'user':
    case 'workdir':
    case 'stopsignal':
    case 'maintainer':
      return plain(whole(rest));
    case 'env':
    case 'label':
      return plain(parseNameValues(rest, name.toUpperCase(), escapeChar));
    case 'arg':
      return plain(splitWords(rest, escapeChar));
    case 'healthcheck':
      return healthcheck(rest);
    default:
      return plain([]);
  }
}

function plain(args: readonly string[]): NodeArgs {
  return { args, json: false };
}

function jsonOr(rest: string, otherwise: (text: string) => string[]): NodeArgs {
  const list = parseJsonForm(rest);
  return list === undefined ? plain(otherwise(rest)) : { args: list, json: true };
}

function whole(text: string): string[] {
  return text === '' ? [] : [text];
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(BLANKS);
}

/** A type, then a command in either form. */
function healthcheck(rest: string): NodeArgs {
  let end = 0;
  while (end < rest.length && !isSpace(rest.charAt(end))) end++;
  if (end === 0) return plain([]);
  const { args, json } = jsonOr(trimSpaceLeft(rest.slice(end)), whole);
  return { args: [rest.slice(0, end), ...args], json };
}
