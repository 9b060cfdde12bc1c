import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { NodeCommand } from './run-by-keeper.ts';

/** glibc's and musl's program that loads others. */
const LOADER = /^ld-(linux|musl).*\.so(\.\d+)?$/;
const LIBRARY = /\.so(\.\d+)*$/;

/**
 * Copies the running Node with the libraries that it has loaded, so that it can be started when the root directory has
 * another C library, or none. What this process has open already stays as it is.
 * @param directory gets the copy; what is there is taken for one
 */
export function copyOwnNode(directory: string, node: string): NodeCommand {
  const libraries = join(directory, 'lib');
  const program = join(directory, 'node');
  const mapped = mappedLibraries();
  const loader = mapped.map((file) => basename(file)).find((name) => LOADER.test(name));
  if (!existsSync(program)) {
    mkdirSync(libraries, { recursive: true });
    for (const file of mapped) for (const name of namesOf(file)) copy(file, join(libraries, name));
    copy(realpathSync(node), program);
  }
  // A static program needs no loader.
  return loader === undefined ? [program] : [join(libraries, loader), '--library-path', libraries, program];
}

function copy(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  chmodSync(to, 0o755);
}

/** Files of the libraries in this process's memory, without the addons of packages, which are found by path. */
function mappedLibraries(): string[] {
  const files = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .flatMap((line) => /\s(\/.*)$/.exec(line)?.[1] ?? []);
  return [...new Set(files)].filter((file) => LIBRARY.test(file) && existsSync(file));
}

/** A library is asked for by its soname, which is a link to the file beside it where it is not the file's name. */
function namesOf(file: string): string[] {
  const directory = dirname(file);
  const links = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isSymbolicLink() && LIBRARY.test(entry.name))
    .filter(({ name }) => resolves(join(directory, name)) === file)
    .map(({ name }) => name);
  return [basename(file), ...links];
}

function resolves(link: string): string | undefined {
  try {
    return realpathSync(link);
  } catch {
    return undefined;
  }
}
