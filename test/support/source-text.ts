/** What a `/` means after these: the start of a regular expression, not a division. */
const BEFORE_REGEX =
  /(?:^|[=(,:[!&|?{};*%~^<>]|(?<!\+)\+|(?<!-)-|\b(?:return|typeof|case|in|of|delete|void|throw|new|await|yield))\s*$/;

/**
 * TypeScript source with the text of comments, strings, templates and regular expressions blanked, so that patterns match
 * code only. Quotes, line ends and positions stay: what a string said can be read from the original at the same offset.
 */
export function blankText(source: string): string {
  const out = source.split('');
  const blank = (from: number, to: number) => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  // Depth of braces inside each `${` that is open, the innermost last.
  const templates: number[] = [];
  let at = 0;
  while (at < source.length) {
    const c = source[at]!;
    const two = source.slice(at, at + 2);
    if (two === '//' || two === '/*') {
      const end = two === '//' ? indexOr(source, '\n', at) : indexOr(source, '*/', at + 2) + 2;
      blank(at, end);
      at = end;
    } else if (c === "'" || c === '"') {
      const end = endOfString(source, at);
      blank(at + 1, end - 1);
      at = end;
    } else if (c === '/' && BEFORE_REGEX.test(out.slice(Math.max(0, at - 200), at).join(''))) {
      const end = endOfRegex(source, at);
      blank(at + 1, end - 1);
      at = end;
    } else if (c === '`' || (c === '}' && templates.at(-1) === 0)) {
      if (c === '}') templates.pop();
      const { end, opens } = endOfTemplateText(source, at + 1);
      blank(at + 1, opens ? end - 2 : end - 1);
      if (opens) templates.push(0);
      at = end;
    } else {
      if (templates.length > 0 && (c === '{' || c === '}')) templates[templates.length - 1]! += c === '{' ? 1 : -1;
      at++;
    }
  }
  return out.join('');
}

function indexOr(source: string, what: string, from: number): number {
  const found = source.indexOf(what, from);
  return found < 0 ? source.length : found;
}

function endOfString(source: string, start: number): number {
  let at = start + 1;
  while (at < source.length && source[at] !== source[start]) at += source[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfRegex(source: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '[') inClass = true;
    else if (source[at] === ']') inClass = false;
    else if (source[at] === '/' && !inClass) return at + 1;
  }
  return source.length;
}

/** The offset behind the closing back quote, or behind the next `${`. */
function endOfTemplateText(source: string, start: number): { end: number; opens: boolean } {
  for (let at = start; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '`') return { end: at + 1, opens: false };
    else if (source.startsWith('${', at)) return { end: at + 2, opens: true };
  }
  return { end: source.length, opens: false };
}
