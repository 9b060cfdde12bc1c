import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { VarveError } from '../../errors.ts';

/** A configuration file. */
export interface ConfigFile {
  /** As messages call it. */
  readonly path: string;
  readonly text: string;
  /** It is the project's, found in the working directory: it may set less. */
  readonly isProject: boolean;
}

/** In the directory where varve is called. */
export const PROJECT_FILE = 'varve.config.yaml';

/**
 * The files that set flags' defaults, the weakest first: the user's and the project's, or the one that `VARVE_CONFIG` names
 * (empty: none).
 * @throws VarveError `CONFIG_READ` for a file that cannot be read, `VARVE_CONFIG`'s when it is absent
 */
export function configFiles(env: NodeJS.ProcessEnv): ConfigFile[] {
  const { VARVE_CONFIG: named, XDG_CONFIG_HOME } = env;
  if (named === '') return [];
  if (named !== undefined) {
    const file = readConfig(named, false);
    if (file) return [file];
    throw new VarveError('CONFIG_READ', `VARVE_CONFIG: there is no file ${named}`, { exitCode: 2 });
  }
  const user = join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'varve/config.yaml');
  return [readConfig(user, false), readConfig(PROJECT_FILE, true)].filter((file) => file !== undefined);
}

function readConfig(path: string, isProject: boolean): ConfigFile | undefined {
  try {
    return { path, text: readFileSync(path, 'utf8'), isProject };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new VarveError('CONFIG_READ', `${path} cannot be read: ${message}`, { exitCode: 2, cause: error });
  }
}
