/**
 * File names are bytes (DESIGN 5). In memory a path is a *byte string*: a JavaScript string in which every char is one
 * byte (latin1), so that Maps, comparison (`<` orders by bytes) and slicing work and nothing is lost. Byte strings
 * become Buffers at the file system and UTF-8 text only where a person reads them.
 */
export type BytePath = string;

/** What `node:fs` takes. */
export function toFsPath(path: BytePath): Buffer {
  return Buffer.from(path, 'latin1');
}

/** A byte string from ordinary text, such as a Dockerfile word or an argv. */
export function fromText(text: string): BytePath {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** Text for people: UTF-8 where it is, the replacement character where it is not. */
export function toText(path: BytePath): string {
  return isAscii(path) ? path : Buffer.from(path, 'latin1').toString('utf8');
}

/** Joins two parts with one slash; an empty part counts for nothing. */
export function joinBytes(parent: BytePath, name: BytePath): BytePath {
  if (parent === '') return name;
  if (name === '') return parent;
  return parent.endsWith('/') ? parent + name : `${parent}/${name}`;
}

/** `a/b/c` → `a/b`; `a` → ``. */
export function parentOf(path: BytePath): BytePath {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** `a/b/c` → `c`. */
export function baseOf(path: BytePath): BytePath {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Byte order, for sort(). */
export function compareBytes(a: BytePath, b: BytePath): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
