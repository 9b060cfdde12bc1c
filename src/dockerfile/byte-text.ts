/**
 * Byte strings (one char a byte) to text and back without loss, for matching: `?` in a pattern means one character, not
 * one byte. A byte that is no part of UTF-8 becomes a lone surrogate, U+DC00 plus the byte, as Python's
 * `surrogateescape` does; no valid UTF-8 decodes to one.
 */
const ESCAPE = 0xdc00;

export function bytesToText(bytes: string): string {
  if (isAscii(bytes)) return bytes;
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes, i);
    if (length === 0) {
      text += String.fromCharCode(ESCAPE + bytes.charCodeAt(i));
      i++;
    } else {
      text += Buffer.from(bytes.slice(i, i + length), 'latin1').toString('utf8');
      i += length;
    }
  }
  return text;
}

export function textToBytes(text: string): string {
  if (isAscii(text)) return text;
  let bytes = '';
  for (const char of text) {
    const code = char.codePointAt(0)!;
    const escaped = code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff;
    bytes += escaped ? String.fromCharCode(code - ESCAPE) : Buffer.from(char, 'utf8').toString('latin1');
  }
  return bytes;
}

/** Length of the valid UTF-8 sequence at `at`, or 0. Table 3-7 of the Unicode standard. */
function sequenceLength(bytes: string, at: number): number {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return 1;
  const length = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first <= 0xf4 ? 4 : 0;
  if (length === 0 || first < 0xc2) return 0;
  for (let i = 1; i < length; i++) {
    const byte = bytes.charCodeAt(at + i);
    const low = i > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const high = i > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (!(byte >= low && byte <= high)) return 0;
  }
  return length;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
