import { cleanValue, type FileFindings, NOTHING_FOUND } from './found-package.ts';

/** @see https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
export function readOsRelease(bytes: Buffer): FileFindings {
  const value = (name: string): string | undefined => {
    const line = new RegExp(`^${name}=(.*)$`, 'm').exec(bytes.toString('utf8'))?.[1];
    return cleanValue(line?.trim().replace(/^(["'])(.*)\1$/, '$2'));
  };
  const [id, version] = [value('ID'), value('VERSION_ID')];
  if (!id || !/^[a-z0-9._-]+$/.test(id)) return NOTHING_FOUND;
  return { ...NOTHING_FOUND, distribution: { id, ...(version ? { version } : {}) } };
}
