import { syntaxError } from './syntax-error.ts';

/**
 * One line of comma separated fields; a field in double quotes may hold commas, and `""` for a quote.
 *
 * @throws VarveError DOCKERFILE_SYNTAX
 */
export function csvFields(text: string): string[] {
  const fields: string[] = [];
  let at = 0;
  do {
    const quoted = text[at] === '"';
    const pattern = quoted ? /"((?:[^"]|"")*)"(?=,|$)/y : /([^",]*)(?=,|$)/y;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw syntaxError(`a quote is out of place in ${JSON.stringify(text)}`);
    fields.push(quoted ? match[1]!.replaceAll('""', '"') : match[1]!);
    at += match[0].length + 1;
  } while (at <= text.length);
  return fields;
}
