import type { BytePath } from '../io/byte-path.ts';
import { paragraphs } from './control-fields.ts';
import { cleanValue, type FileFindings, type FoundPackage } from './found-package.ts';

/**
 * apk's database of installed packages.
 * @see https://wiki.alpinelinux.org/wiki/Apk_spec
 */
export function readApk(bytes: Buffer, foundIn: BytePath): FileFindings {
  const packages: FoundPackage[] = [];
  for (const fields of paragraphs(bytes.toString('utf8'), false)) {
    const value = (key: string): string | undefined => cleanValue(fields.get(key));
    const [name, version, arch, license] = [value('P'), value('V'), value('A'), value('L')];
    if (!name || !version) continue;
    const [origin, homepage, supplier] = [value('o'), value('U'), value('m')];
    packages.push({
      type: 'apk',
      name,
      version,
      qualifiers: {
        ...(arch ? { arch } : {}),
        ...(origin && origin !== name ? { upstream: origin } : {}),
      },
      licenses: license ? [license] : [],
      foundIn,
      ...(homepage ? { homepage } : {}),
      ...(supplier ? { supplier } : {}),
    });
  }
  return { packages, warnings: [] };
}
