import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/**
 * The directory that keeps base images from one demo to the next: below $XDG_CACHE_HOME, else below the temporary directory.
 * @throws Error when it belongs to somebody else, who could put other images there.
 */
export function stateDirectory(): string {
  const { uid } = userInfo();
  const { XDG_CACHE_HOME } = process.env;
  const path = XDG_CACHE_HOME ? join(XDG_CACHE_HOME, 'varve-demo') : join(tmpdir(), `varve-demo-${uid}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stat = lstatSync(path);
  if (!stat.isDirectory() || stat.uid !== uid) throw new Error(`${path} is not a directory of yours: remove it`);
  return path;
}
