/** One paragraph's fields by lower-case name; lines that continue one are joined with newlines. */
export type Fields = ReadonlyMap<string, string>;

/**
 * The paragraphs of a file in the form of Debian's control files, of mail headers and of apk's database: `Name: value`
 * lines, continued by lines that begin with a blank, paragraphs apart by empty lines.
 * @param fold false for apk, whose names differ in case and whose lines are never continued
 */
export function* paragraphs(text: string, fold = true): Generator<Fields> {
  let fields = new Map<string, string>();
  let last: string | undefined;
  for (const line of lines(text)) {
    if (line === '') {
      if (fields.size > 0) yield fields;
      fields = new Map();
      last = undefined;
      continue;
    }
    if (/^[ \t]/.test(line)) {
      if (last !== undefined) fields.set(last, `${fields.get(last)}\n${line.slice(1)}`);
      continue;
    }
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = fold ? line.slice(0, colon).toLowerCase() : line.slice(0, colon);
    // A name that comes again is another line of the same: Classifier, and apk's files.
    const value = line.slice(colon + 1).trim();
    last = name;
    const before = fields.get(name);
    if (before === undefined) fields.set(name, value);
    else if (fold) fields.set(name, `${before}\n${value}`);
  }
  if (fields.size > 0) yield fields;
}

function* lines(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const stop = end < 0 ? text.length : end;
    yield text.charCodeAt(stop - 1) === 13 ? text.slice(at, stop - 1) : text.slice(at, stop);
    at = stop + 1;
  }
}
