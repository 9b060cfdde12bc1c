/**
 * The text without the characters `char` at its end. `/x+$/` takes time with the square of a run of x that is not at the
 * end: seconds for 64 KiB of slashes, hours for what a layer's name may have.
 */
export function trimEnd(text: string, char: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === char) end--;
  return end === text.length ? text : text.slice(0, end);
}
