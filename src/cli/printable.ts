const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** Text from an image of unknown origin as one line that a terminal only shows: control characters are `\x1b`. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
