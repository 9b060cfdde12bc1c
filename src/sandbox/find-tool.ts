import { accessSync, constants, statSync } from 'node:fs';
import { VarveError } from '../errors.ts';

/** First executable `name` in the directories of `path` (colon-separated, absolute ones only), or undefined. */
export function findTool(name: string, path: string): string | undefined {
  for (const directory of path.split(':')) {
    if (!directory.startsWith('/')) continue;
    const file = `${directory}/${name}`;
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // not here
    }
  }
  return undefined;
}

/** As findTool. @throws VarveError `SANDBOX_TOOL` that says which package has it. */
export function requireTool(name: string, path: string): string {
  const file = findTool(name, path);
  if (file) return file;
  throw new VarveError('SANDBOX_TOOL', `${name} was not found in ${path}`, {
    hint: `install ${TOOL_PACKAGES[name] ?? name}`,
  });
}

/** Debian's package names; other distributions use the same ones or nearly. */
export const TOOL_PACKAGES: Readonly<Record<string, string>> = {
  unshare: 'util-linux',
  setpriv: 'util-linux',
  mount: 'util-linux (package mount)',
  env: 'coreutils',
  cp: 'coreutils',
  sh: 'dash',
  newuidmap: 'uidmap',
  newgidmap: 'uidmap',
};
