import { bytesToText, textToBytes } from './byte-text.ts';
import { cleanPath } from './clean-path.ts';
import { trimSpace } from './white-space.ts';

/**
 * Reads a .dockerignore: patterns in order, cleaned, without a leading slash, a `!` kept in front. A line is a comment
 * only when `#` is its first character. https://docs.docker.com/build/concepts/context/#dockerignore-files
 *
 * @returns byte strings, what {@link createPatternMatcher} takes
 */
export function parseIgnoreFile(bytes: Uint8Array): string[] {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const patterns: string[] = [];
  for (const line of bytesToText(source)
    .replace(/^\ufeff/, '')
    .split('\n')) {
    if (line.startsWith('#')) continue;
    const text = trimSpace(line);
    if (text === '') continue;
    const pattern = text.startsWith('!') ? `!${clean(trimSpace(text.slice(1)))}` : clean(text);
    patterns.push(textToBytes(pattern));
  }
  return patterns;
}

function clean(pattern: string): string {
  if (pattern === '') return '';
  const path = cleanPath(pattern);
  return path.length > 1 && path.startsWith('/') ? path.slice(1) : path;
}
