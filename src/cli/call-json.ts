import type { SourceLocation } from '../errors.ts';

/** A place as BuildKit's answers have it: lines from 1. */
export function jsonLocation({ start, end }: SourceLocation): object {
  return { ranges: [{ start: { line: start }, end: { line: end } }] };
}

/** A file's bytes as its answers have them. */
export function jsonSource(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
