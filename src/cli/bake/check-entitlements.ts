import { realpathSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import type { Selection } from '../../bake/select-targets.ts';
import { VarveError } from '../../errors.ts';

/**
 * Refuses targets that ask for more than `--allow` grants: the host's network and insecure RUNs always; files outside of
 * the directory when BUILDX_BAKE_ENTITLEMENTS_FS is 1, else they are named in a warning, as buildx does.
 *
 * @returns warnings
 * @throws VarveError `USAGE`, `ENTITLEMENT`
 */
export function checkEntitlements(
  { targets }: Selection,
  allow: readonly string[],
  { directory, strict }: { readonly directory: string; readonly strict: boolean },
): string[] {
  const read = [directory];
  const write = [directory];
  const granted = new Set<string>();
  for (const text of allow) {
    const [key = '', path = ''] = text.split('=');
    if (['network.host', 'security.insecure', 'ssh'].includes(text)) granted.add(text);
    else if (['fs', 'fs.read', 'fs.write'].includes(key) && path) {
      const known = path === '*' ? '/' : path;
      if (key !== 'fs.write') read.push(known);
      if (key !== 'fs.read') write.push(known);
    } else
      throw new VarveError('USAGE', `--allow ${text}: no such entitlement`, {
        hint: 'network.host, security.insecure, ssh, fs=PATH, fs.read=PATH or fs.write=PATH',
        exitCode: 2,
      });
  }
  const missing = new Set<string>();
  const files = new Set<string>();
  for (const target of targets.values()) {
    for (const each of target.entitlements ?? []) if (!granted.has(each)) missing.add(each);
    const reads = [
      ...(target.secret ?? []).flatMap(({ src }) => src ?? []),
      ...(target.ssh ?? []).flatMap(({ paths = [] }) => paths),
      ...(target['cache-from'] ?? []).flatMap(({ type, src }) => (type === 'local' ? String(src) : [])),
    ];
    const writes = [
      ...(target.output ?? []).flatMap(({ dest }) => (dest === undefined || dest === '-' ? [] : String(dest))),
      ...(target['cache-to'] ?? []).flatMap(({ type, dest }) => (type === 'local' ? String(dest) : [])),
    ];
    for (const path of reads) if (!within(path, read, directory)) files.add(`fs.read=${path}`);
    for (const path of writes) if (!within(path, write, directory)) files.add(`fs.write=${path}`);
  }
  const wanted = [...missing, ...(strict ? files : [])];
  if (wanted.length)
    throw new VarveError('ENTITLEMENT', `the targets ask for ${wanted.join(', ')}`, {
      hint: `grant it: ${wanted.map((each) => `--allow=${each}`).join(' ')}`,
      exitCode: 2,
    });
  return [...files].map((each) => `a target goes outside of the directory: --allow=${each} says that it may`);
}

function within(path: string, roots: readonly string[], directory: string): boolean {
  const found = existing(resolve(directory, path));
  return roots.some((root) => {
    const real = existing(resolve(directory, root));
    return found === real || found.startsWith(real === '/' ? '/' : real + sep);
  });
}

/** The path with its links followed, as far as it is there. */
function existing(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : resolve(existing(parent), path.slice(parent.length + (parent === '/' ? 0 : 1)));
  }
}
