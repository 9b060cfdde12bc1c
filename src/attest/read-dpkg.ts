import { type BytePath, toText } from '../io/byte-path.ts';
import { paragraphs } from './control-fields.ts';
import { cleanValue, type FileFindings, type FoundPackage, NOTHING_FOUND } from './found-package.ts';

/**
 * dpkg's status file, or one package of a distroless image's `status.d`, which has no Status field.
 * @see https://man7.org/linux/man-pages/man5/deb-control.5.html
 */
export function readDpkg(bytes: Buffer, foundIn: BytePath): FileFindings {
  const packages: FoundPackage[] = [];
  for (const fields of paragraphs(bytes.toString('utf8'))) {
    const name = cleanValue(fields.get('package'));
    const version = cleanValue(fields.get('version'));
    const status = fields.get('status');
    // "install ok installed"; what was removed leaves its configuration and a paragraph.
    if (!name || !version || (status !== undefined && !/ installed$/.test(status))) continue;
    const arch = cleanValue(fields.get('architecture'));
    const supplier = cleanValue(fields.get('maintainer'));
    const homepage = cleanValue(fields.get('homepage'));
    packages.push({
      type: 'deb',
      name,
      version,
      qualifiers: { ...(arch ? { arch } : {}), ...upstreamOf(cleanValue(fields.get('source'))) },
      licenses: [],
      foundIn,
      ...(supplier ? { supplier } : {}),
      ...(homepage ? { homepage } : {}),
    });
  }
  return { packages, warnings: [] };
}

/** `Source: glibc (2.36-9)`: the source package, where its name or version is another. */
function upstreamOf(source: string | undefined): Record<string, string> {
  const match = source === undefined ? null : /^(\S+)(?: \((.+)\))?$/.exec(source);
  return match ? { upstream: match[2] === undefined ? match[1]! : `${match[1]}@${match[2]}` } : {};
}

/** More licences than any package has. */
const LICENSES_LIMIT = 64;

/**
 * The licences of `usr/share/doc/PACKAGE/copyright`, where that is in the form that machines read.
 * @see https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
 */
export function readCopyright(bytes: Buffer, foundIn: BytePath): FileFindings {
  const text = bytes.toString('utf8');
  if (!/^Format(-Specification)?:/i.test(text)) return NOTHING_FOUND;
  const names = new Set<string>();
  for (const fields of paragraphs(text)) {
    const first = cleanValue(fields.get('license')?.split('\n', 1)[0]);
    // Paragraphs of a licence alone hold its text.
    if (first && fields.has('files') && names.size < LICENSES_LIMIT) names.add(first);
  }
  const name = toText(foundIn).split('/').at(-2) ?? '';
  return { ...NOTHING_FOUND, licenses: { package: name, names: [...names] } };
}
