import { type BytePath, toText } from '../io/byte-path.ts';
import { cleanValue, type FileFindings, type FoundPackage, NOTHING_FOUND } from './found-package.ts';

export const GO_MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
/** The magic, the size of a pointer, flags, and room for two pointers. */
export const GO_HEADER_BYTES = 32;
const FLAG_INLINE = 2;
/** Marks of 16 bytes around the module information, for debuggers. */
const SENTINEL_BYTES = 16;

/** Strings behind the header: the version of Go, and what `go version -m` shows. */
export interface GoStrings {
  readonly version: string;
  readonly modules: string;
}

/**
 * Reads what follows the magic; `short` when more bytes are needed, `old` for Go before 1.18, which has pointers there.
 * @param bytes from the magic on
 * @see https://cs.opensource.google/go/go/+/master:src/debug/buildinfo/buildinfo.go
 */
export function readGoStrings(bytes: Buffer): GoStrings | 'short' | 'old' {
  if (bytes.length < GO_HEADER_BYTES) return 'short';
  if ((bytes[15]! & FLAG_INLINE) === 0) return 'old';
  const version = readString(bytes, GO_HEADER_BYTES);
  if (!version) return 'short';
  const modules = readString(bytes, version.end);
  if (!modules) return 'short';
  const { text } = modules;
  const isFramed = text.length > 2 * SENTINEL_BYTES && text.at(-SENTINEL_BYTES - 1) === '\n';
  const own = isFramed ? text.slice(SENTINEL_BYTES, -SENTINEL_BYTES) : '';
  return { version: version.text, modules: Buffer.from(own, 'latin1').toString('utf8') };
}

/** A length in base 128, then so many bytes (here as latin1). */
function readString(bytes: Buffer, start: number): { readonly text: string; readonly end: number } | undefined {
  let [length, scale, at] = [0, 1, start];
  for (;;) {
    const byte = bytes[at++];
    if (byte === undefined || scale > 2 ** 35) return undefined;
    length += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) break;
  }
  const end = at + length;
  return end > bytes.length ? undefined : { text: bytes.toString('latin1', at, end), end };
}

/** The modules that a Go program was built of, its own and Go itself. */
export function goFindings({ version, modules }: GoStrings, foundIn: BytePath): FileFindings {
  const go = /^go(\S+)/.exec(version)?.[1];
  if (go === undefined) return NOTHING_FOUND;
  const packages: FoundPackage[] = [goPackage('stdlib', go, foundIn)];
  for (const line of modules.split('\n')) {
    const [kind, path, moduleVersion] = line.split('\t');
    const [name, clean] = [cleanValue(path), cleanValue(moduleVersion)];
    if (kind === '=>' && name && packages.length > 1) packages.pop();
    else if (kind !== 'mod' && kind !== 'dep') continue;
    if (name) packages.push(goPackage(name, clean ?? '(devel)', foundIn));
  }
  return { packages, warnings: [] };
}

/** @returns the finding that a program is too old to be read */
export function oldGo(foundIn: BytePath): FileFindings {
  return {
    packages: [],
    warnings: [`/${toText(foundIn)} was built by a Go before 1.18: its modules are not read`],
  };
}

function goPackage(name: string, version: string, foundIn: BytePath): FoundPackage {
  return { type: 'golang', name, version, licenses: [], foundIn };
}
