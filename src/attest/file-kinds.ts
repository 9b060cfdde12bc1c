import { readFileSync } from 'node:fs';
import type { BytePath } from '../io/byte-path.ts';
import { type FileFindings, NOTHING_FOUND } from './found-package.ts';
import { createGoScanner, type FileReader } from './go-scanner.ts';
import { readApk } from './read-apk.ts';
import { readCopyright, readDpkg } from './read-dpkg.ts';
import { readPackageJson, readPackageLock, readPnpmLock, readYarnLock } from './read-npm.ts';
import { readOsRelease } from './read-os-release.ts';
import { readPypi } from './read-pypi.ts';
import { readRpmBerkeley, readRpmNdb, readRpmSqlite } from './read-rpm.ts';

const MIB = 1024 * 1024;

/** A kind of file that says what is installed: read whole, where it has at most `limit` bytes; 0 is not read at all. */
interface FileKind {
  readonly path: RegExp;
  readonly limit: number;
  readonly read: ((bytes: Buffer, foundIn: BytePath) => FileFindings) | { readonly database: DatabaseReader };
}

/** Reads a file in place, which it may change. */
type DatabaseReader = (file: string, foundIn: BytePath) => FileFindings;

/** What is to be done with a file: its bytes are pushed as they come, or it is written down for {@link readPackageFile}. */
export type PackageFile = { readonly kind: 'stream'; open(): FileReader } | { readonly kind: 'file' };

/** A status file has 1 KiB for each package, an rpm database 30; what is larger is told of and left out. */
const KINDS: readonly FileKind[] = [
  { path: /^(usr\/lib|etc)\/os-release$/, limit: MIB, read: readOsRelease },
  { path: /^var\/lib\/dpkg\/status$/, limit: 64 * MIB, read: readDpkg },
  {
    path: /^var\/lib\/dpkg\/status\.d\/[^/]+(?<!\.(md5sums|preinst|postinst|prerm|postrm|list))$/,
    limit: MIB,
    read: readDpkg,
  },
  { path: /^usr\/share\/doc\/[^/]+\/copyright$/, limit: 4 * MIB, read: readCopyright },
  { path: /^(usr\/)?lib\/apk\/db\/installed$/, limit: 64 * MIB, read: readApk },
  {
    path: /^(var\/lib|usr\/lib\/sysimage|usr\/share)\/rpm\/rpmdb\.sqlite$/,
    limit: 512 * MIB,
    read: { database: readRpmSqlite },
  },
  { path: /^(var\/lib|usr\/lib\/sysimage)\/rpm\/Packages\.db$/, limit: 512 * MIB, read: { database: readRpmNdb } },
  { path: /^(var\/lib|usr\/lib\/sysimage)\/rpm\/Packages$/, limit: 0, read: readRpmBerkeley },
  { path: /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/, limit: 4 * MIB, read: readPackageJson },
  { path: /(^|\/)(package-lock|npm-shrinkwrap)\.json$/, limit: 64 * MIB, read: readPackageLock },
  { path: /(^|\/)yarn\.lock$/, limit: 64 * MIB, read: readYarnLock },
  { path: /(^|\/)pnpm-lock\.yaml$/, limit: 64 * MIB, read: readPnpmLock },
  { path: /(^|\/)[^/]+\.(dist-info\/METADATA|egg-info\/PKG-INFO|egg-info)$/, limit: 4 * MIB, read: readPypi },
];
/** Smaller programs are none of Go's. */
const SMALLEST_GO_BYTES = 64 * 1024;
/** What is larger is parsed elsewhere: 1 MiB of a lock file takes some 50 ms. */
const AT_ONCE_BYTES = MIB;

/** What is to be done with a file; undefined when it says nothing of packages. */
export function readerOf(
  path: BytePath,
  { mode, size }: { readonly mode: number; readonly size: number },
): PackageFile | 'too large' | undefined {
  const kind = KINDS.find((each) => each.path.test(path));
  if (kind) {
    const { limit, read } = kind;
    if (limit > 0 && size > limit) return 'too large';
    if (typeof read !== 'function' || (limit > 0 && size > AT_ONCE_BYTES)) return { kind: 'file' };
    return { kind: 'stream', open: () => (limit === 0 ? onlyTold(read, path) : collecting(read, path)) };
  }
  const isProgram = (mode & 0o111) !== 0 && size >= SMALLEST_GO_BYTES;
  return isProgram ? { kind: 'stream', open: () => createGoScanner(path) } : undefined;
}

/** What a file of a kind that {@link readerOf} knows gives. @param file where its bytes are; it may be changed */
export function readPackageFile(path: BytePath, file: string): FileFindings {
  const kind = KINDS.find((each) => each.path.test(path));
  if (!kind) return NOTHING_FOUND;
  return typeof kind.read === 'function' ? kind.read(readFileSync(file), path) : kind.read.database(file, path);
}

type BytesReader = Extract<FileKind['read'], (...args: never) => unknown>;

function collecting(read: BytesReader, path: BytePath): FileReader {
  const chunks: Buffer[] = [];
  return {
    push: (chunk) => void chunks.push(Buffer.from(chunk)),
    end: () => read(Buffer.concat(chunks), path),
  };
}

function onlyTold(read: BytesReader, path: BytePath): FileReader {
  return { push: () => {}, end: () => read(Buffer.alloc(0), path) };
}
