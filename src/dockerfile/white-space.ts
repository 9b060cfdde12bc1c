/** Spaces as Go's `unicode.IsSpace` sees them, which is not what `\s` means in JavaScript (U+0085 in, U+FEFF out). */
const SPACE = /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

/** Whether one character is white space. An empty string is not. */
export function isSpace(char: string): boolean {
  if (char === ' ' || char === '\t') return true;
  const code = char.charCodeAt(0);
  return (code < 0x21 || code > 0x7e) && SPACE.test(char);
}

/** The text without leading white space. */
export function trimSpaceLeft(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text.charAt(start))) start++;
  return text.slice(start);
}

/** The text without white space at either end. */
export function trimSpace(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charAt(end - 1))) end--;
  return trimSpaceLeft(text.slice(0, end));
}
